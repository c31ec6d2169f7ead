/**
 * Keys shown by HTTP's Basic scheme (RFC 7617), as clients of other products do: the user is the id of the key or of its account, and the
 * password the key. Nobody chooses a password here, so that none is hashed slowly.
 */
import type { CallerMethod } from "../calls/callers.ts";
import type { NamedKeyVerifier } from "../calls/principal.ts";

/** As it is shown: the scheme in small letters, a blank, and base64. No key and no token has a blank. */
const form = /^basic ([A-Za-z0-9+/]+={0,2})$/;

export function createBasic(keys: NamedKeyVerifier): CallerMethod {
  return {
    recognizes: (presented) => presented.startsWith("basic "),
    verify(presented) {
      const shown = read(presented);
      return shown && keys.verify(shown.password, shown.user);
    },
    isKnown(presented) {
      const shown = read(presented);
      return shown !== undefined && keys.isKnown(shown.password);
    },
    whyRefused(presented = "") {
      const shown = read(presented);
      if (shown === undefined) return { reason: "NO_KEY" };
      return keys.whyRefused(shown.password);
    },
  };
}

function read(presented: string): { readonly user: string; readonly password: string } | undefined {
  const encoded = form.exec(presented)?.[1];
  if (encoded === undefined) return undefined;
  const [, user, password] = /^([^:]+):(.+)$/s.exec(Buffer.from(encoded, "base64").toString("utf8")) ?? [];
  return user === undefined || password === undefined ? undefined : { user, password };
}

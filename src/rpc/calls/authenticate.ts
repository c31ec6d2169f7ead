/** Who calls: the API key in `authorization: Bearer …`, checked on every call. */
import type { CallContext } from "nice-grpc-common";
import type { KeyVerifier, Principal } from "../../app/calls/principal.ts";
import { SmsError } from "../../domain/errors.ts";
import { logRefusedKey, type RefusedKeysDeps } from "./refused-keys.ts";

export interface AuthenticateDeps extends RefusedKeysDeps {
  readonly keys: KeyVerifier;
}

const bearerForm = /^bearer +([\x21-\x7e]{1,256})$/i;

/** The key in the header, or undefined where it has none in good form. */
export function bearerOf(authorization: unknown): string | undefined {
  return typeof authorization === "string" ? bearerForm.exec(authorization)?.[1] : undefined;
}

/** The caller, or INVALID_CREDENTIALS. At once where the key is known, which spares each call two promises. */
export function authenticate(context: CallContext, deps: AuthenticateDeps): Principal | Promise<Principal> {
  const presented = bearerOf(context.metadata.get("authorization"));
  const refuseStranger = (principal: Principal | undefined): Principal => {
    if (principal !== undefined) return principal;
    logRefusedKey(deps, presented, context.peer);
    throw new SmsError("INVALID_CREDENTIALS");
  };
  if (presented === undefined) return refuseStranger(undefined);
  const found = deps.keys.verify(presented);
  return found instanceof Promise ? found.then(refuseStranger) : refuseStranger(found);
}

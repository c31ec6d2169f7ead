/** Issues an access token to whoever shows a key (OAuth 2.0 client credentials, RFC 6749 §4.4), for no more than the key may do. */
import { accountScopes, holdsScope, type Scope, scopeWords } from "../../domain/scopes.ts";
import type { NamedKeyVerifier } from "../calls/principal.ts";
import type { Standings } from "../calls/standing.ts";
import type { OwnTokens } from "./own-tokens.ts";
import { scopesOf } from "./read-own-token.ts";
import { tokenLastsMs } from "./signing-keys.ts";

export interface TokenRequest {
  /** The id of the key, or of its account. */
  readonly clientId: string;
  /** The key, in the spellings that the form of a request allows; the first that is right counts. */
  readonly clientSecrets: readonly string[];
  /** Words as asked for; empty for all that a token for this key may carry. */
  readonly scope: string;
}

export type IssuedToken =
  | {
      readonly kind: "issued";
      readonly token: string;
      readonly lastsMs: number;
      readonly scope: string;
      readonly keyId: string;
      readonly accountId: string;
    }
  | { readonly kind: "wrong_client" }
  | { readonly kind: "suspended"; readonly keyId: string; readonly accountId: string }
  | { readonly kind: "wrong_scope" };

export interface IssueTokenDeps {
  readonly keys: Pick<NamedKeyVerifier, "verify">;
  readonly standings: Standings;
  readonly ownTokens: Pick<OwnTokens, "issue">;
}

export type IssueToken = (request: TokenRequest) => Promise<IssuedToken>;

export function createIssueToken({ keys, standings, ownTokens }: IssueTokenDeps): IssueToken {
  async function holderOf({ clientId, clientSecrets }: TokenRequest) {
    for (const secret of clientSecrets) {
      const holder = await keys.verify(secret, clientId);
      if (holder !== undefined) return holder;
    }
    return undefined;
  }
  return async (request) => {
    const holder = await holderOf(request);
    if (holder === undefined) return { kind: "wrong_client" };
    const { keyId, accountId } = holder;
    const { state } = await standings.of(accountId);
    if (state === "SUSPENDED") return { kind: "suspended", keyId, accountId };
    const held = accountScopes.filter((scope) => holdsScope(holder.scopes, scope));
    const wanted: readonly Scope[] | undefined = request.scope === "" ? held : scopesOf(request.scope);
    if (wanted === undefined || !wanted.every((scope) => held.includes(scope)))
      return { kind: "wrong_scope" };
    const token = await ownTokens.issue(keyId, wanted);
    const scope = wanted.map((one) => scopeWords[one]).join(" ");
    return { kind: "issued", token, lastsMs: tokenLastsMs, scope, keyId, accountId };
  };
}

/** Access tokens of our own: what tells an API whom one is of, and what issues them. */
import type { CallerMethod } from "../calls/callers.ts";
import type { NamedKeyVerifier } from "../calls/principal.ts";
import type { Standings } from "../calls/standing.ts";
import type { Looking } from "../followed.ts";
import { createIssueToken, type IssueToken } from "./issue-token.ts";
import { createOwnTokens, type KeyHolders } from "./own-tokens.ts";
import { createSigningKeys, type SigningKeysDeps } from "./signing-keys.ts";

export interface Tokens extends CallerMethod, Looking {
  readonly issue: IssueToken;
}

export interface TokensDeps extends Omit<SigningKeysDeps, "secrets" | "issues"> {
  readonly keys: Pick<NamedKeyVerifier, "verify"> & KeyHolders;
  readonly standings: Standings;
  /** The first encrypts what tokens are signed with; by all of them it is read. */
  readonly requestSecrets: SigningKeysDeps["secrets"];
  /** Whether tokens are issued here. */
  readonly issuesTokens: boolean;
}

export function createTokens(deps: TokensDeps): Tokens {
  const { keys, clock, standings } = deps;
  const signingKeys = createSigningKeys({ ...deps, secrets: deps.requestSecrets, issues: deps.issuesTokens });
  const ownTokens = createOwnTokens({ signingKeys, keys, clock });
  const { recognizes, verify, isKnown, whyRefused } = ownTokens;
  const issue = createIssueToken({ keys, standings, ownTokens });
  return { recognizes, verify, isKnown, whyRefused, issue, look: signingKeys.look };
}

/**
 * What can be said of a token of our own before its signature is looked at. Most wrong ones end here, at no cost; none is right because of
 * it.
 */
import { decodeJwt, decodeProtectedHeader, type JWTPayload, type ProtectedHeaderParameters } from "jose";
import { accountScopes, type Scope, scopeWords } from "../../domain/scopes.ts";

/** Both `iss` and `aud`: what we issue is for us. */
export const ownName = "sms-relay";
export const ownAlgorithm = "HS256";
export const ownType = "at+jwt";

export interface ReadOwnToken {
  readonly signingKeyId: string;
  /** The API key that it was issued for. */
  readonly keyId: string;
  readonly scopes: readonly Scope[];
  readonly expireTimeMs: number;
}

/** Why it is refused, for the log. */
export type OwnTokenFault =
  | "MALFORMED"
  | "WRONG_TYPE"
  | "WRONG_ALGORITHM"
  | "UNKNOWN_ISSUER"
  | "WRONG_AUDIENCE"
  | "NO_EXPIRY"
  | "EXPIRED"
  | "NOT_YET_VALID"
  | "NO_CALLER"
  | "WRONG_SCOPE";

/** The beginning of all that we issue, whose header has these members in this order: told from other tokens without reading any. */
const beginning = Buffer.from(`{"alg":"${ownAlgorithm}","typ":"${ownType}","kid":"`);
const ownBeginning = beginning.subarray(0, beginning.length - (beginning.length % 3)).toString("base64url");

export const looksLikeOwn = (presented: string) => presented.startsWith(ownBeginning);

const maxIdLength = 64;

export function readOwnToken(token: string, nowMs: number): ReadOwnToken | OwnTokenFault {
  let header: ProtectedHeaderParameters;
  let claims: JWTPayload;
  try {
    header = decodeProtectedHeader(token);
    claims = decodeJwt(token);
  } catch {
    return "MALFORMED";
  }
  if (header.alg !== ownAlgorithm) return "WRONG_ALGORITHM";
  if (header.typ !== ownType || header.crit !== undefined || header["b64"] !== undefined) return "WRONG_TYPE";
  if (claims.iss !== ownName) return "UNKNOWN_ISSUER";
  if (claims.aud !== ownName) return "WRONG_AUDIENCE";
  const { exp, nbf } = claims;
  if (typeof exp !== "number" || !Number.isFinite(exp)) return "NO_EXPIRY";
  if (exp * 1_000 <= nowMs) return "EXPIRED";
  if (nbf !== undefined && !(typeof nbf === "number" && nbf * 1_000 <= nowMs)) return "NOT_YET_VALID";
  const keyId = claims["client_id"];
  if (!isId(keyId) || !isId(header.kid)) return "NO_CALLER";
  const scopes = scopesOf(claims["scope"]);
  if (scopes === undefined) return "WRONG_SCOPE";
  return { signingKeyId: header.kid, keyId, scopes, expireTimeMs: exp * 1_000 };
}

function isId(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= maxIdLength;
}

/** One text of words, with one blank between them; undefined where one is none that a token of ours may carry, as an operator's. */
export function scopesOf(scope: unknown): readonly Scope[] | undefined {
  if (typeof scope !== "string") return undefined;
  const words = scope.split(" ");
  const found = accountScopes.filter((one) => words.includes(scopeWords[one]));
  return words.every((word) => found.some((one) => scopeWords[one] === word)) ? found : undefined;
}

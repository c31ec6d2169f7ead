/**
 * What can be said of an access token before its signature is looked at (RFC 7519, RFC 9068): whom it is from and for, and when. Most wrong
 * tokens end here, at no cost; none is right because of it.
 */
import { decodeJwt, decodeProtectedHeader, type JWTPayload, type ProtectedHeaderParameters } from "jose";
import type { Issuer } from "./issuer.ts";

/** Of clocks that differ (RFC 7519 §4.1.4). */
export const skewMs = 30_000;

/** Why a token is refused, for the log. */
export type TokenFault =
  | "MALFORMED"
  | "UNKNOWN_ISSUER"
  | "WRONG_TYPE"
  | "WRONG_ALGORITHM"
  | "WRONG_AUDIENCE"
  | "NO_EXPIRY"
  | "EXPIRED"
  | "NOT_YET_VALID"
  | "NO_CALLER"
  | "WRONG_KEY_OR_SIGNATURE";

export interface ReadToken {
  readonly issuer: Issuer;
  /** Names the key that it was signed with; undefined where it does not say. */
  readonly keyId: string | undefined;
  /** The value of the issuer's claim. */
  readonly value: string;
  /** Words of its scope. */
  readonly scope: readonly string[];
  readonly expireTimeMs: number;
}

/** A caller's name is stored and shown. */
const maxValueLength = 255;

/** Whether a text has the form of a token at all: three parts, of which the first is a JSON object. */
export function looksLikeToken(presented: string): boolean {
  // In base64url `{` and what may follow it in JSON: a quotation mark, a blank or a line's end.
  if (!presented.startsWith("ew") && !presented.startsWith("ey")) return false;
  const first = presented.indexOf(".");
  const second = first < 0 ? -1 : presented.indexOf(".", first + 1);
  return second >= 0 && !presented.includes(".", second + 1);
}

/** Reads a token that claims to be of one of `issuers`. */
export function readToken(
  token: string,
  issuers: ReadonlyMap<string, Issuer>,
  nowMs: number,
): ReadToken | TokenFault {
  let header: ProtectedHeaderParameters;
  let claims: JWTPayload;
  try {
    header = decodeProtectedHeader(token);
    claims = decodeJwt(token);
  } catch {
    return "MALFORMED";
  }
  const issuer = typeof claims.iss === "string" ? issuers.get(claims.iss) : undefined;
  if (issuer === undefined) return "UNKNOWN_ISSUER";
  // What a critical extension means is not known here (RFC 7515 §4.1.11); an ID token or a logout token says of itself what it is.
  if (!isAccessType(header.typ) || header.crit !== undefined || header["b64"] !== undefined)
    return "WRONG_TYPE";
  if (!issuer.algorithms.some((name) => name === header.alg)) return "WRONG_ALGORITHM";
  const audience: readonly unknown[] = Array.isArray(claims.aud) ? claims.aud : [claims.aud];
  if (!audience.some((name) => typeof name === "string" && issuer.audience.includes(name)))
    return "WRONG_AUDIENCE";
  const { exp, nbf } = claims;
  if (typeof exp !== "number" || !Number.isFinite(exp)) return "NO_EXPIRY";
  if (exp * 1_000 + skewMs <= nowMs) return "EXPIRED";
  if (nbf !== undefined && !(typeof nbf === "number" && nbf * 1_000 - skewMs <= nowMs))
    return "NOT_YET_VALID";
  const value = claims[issuer.accountClaim];
  if (typeof value !== "string" || value === "" || value.length > maxValueLength) return "NO_CALLER";
  const { kid } = header;
  return {
    issuer,
    keyId: typeof kid === "string" ? kid : undefined,
    value,
    scope: wordsOf(claims["scope"] ?? claims["scp"]),
    expireTimeMs: exp * 1_000,
  };
}

/** With or without the prefix of media types (RFC 7515 §4.1.9), in letters of any case. */
function isAccessType(type: unknown): boolean {
  return typeof type === "string" && /^(application\/)?(at\+jwt|jwt)$/i.test(type);
}

/** One text with blanks between (RFC 8693 §4.2), or a list. */
function wordsOf(scope: unknown): readonly string[] {
  const texts: readonly unknown[] = Array.isArray(scope) ? scope : [scope];
  return texts.flatMap((text) => (typeof text === "string" ? text.split(" ") : []));
}

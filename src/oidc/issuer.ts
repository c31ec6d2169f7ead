/** Issuers of access tokens (OpenID Connect, RFC 9068), and what their tokens say of a caller. */

import { isLoopback } from "../domain/loopback.ts";

/** Algorithms with a key of the issuer's own that nobody else needs to know; HMAC and `none` are not among them. */
export const tokenAlgorithms = ["RS256", "PS256", "ES256", "EdDSA"] as const;

export type TokenAlgorithm = (typeof tokenAlgorithms)[number];

export interface Issuer {
  /** Its URL, as its tokens have it in `iss`, letter by letter. */
  readonly issuer: string;
  /** A token is for us where its `aud` names one of these. */
  readonly audience: readonly string[];
  /** Where its keys are; undefined where its discovery document tells. */
  readonly jwksUri?: string | undefined;
  readonly algorithms: readonly TokenAlgorithm[];
  /** The claim that says who the caller is. */
  readonly accountClaim: string;
}

/** Whether a URL is one that keys may be read from: nobody on the way can put others in their place. */
export function isSafeUrl(text: string): boolean {
  if (!/^[!-~]+$/.test(text) || !URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== "" || password !== "") return false;
  return protocol === "https:" || (protocol === "http:" && isLoopback(hostname));
}

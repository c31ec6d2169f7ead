/** Whether an access token of another issuer is right, and what it says of its caller. */
import type { Scope } from "../../domain/scopes.ts";

export interface TokenClaims {
  readonly issuer: string;
  /** Who calls: the value of the issuer's claim for that. */
  readonly value: string;
  /** What it was issued for, of what we know; in the contract's order. */
  readonly scopes: readonly Scope[];
}

/** A refused token, without a part of it that would be of use to anybody. */
export interface RefusedToken {
  /** A word for the log. */
  readonly fault: string;
  readonly issuer?: string;
  readonly value?: string;
}

export interface TokenVerifier {
  /** Whether this has the form of a token, right or wrong; never where no issuer is set up. */
  recognizes(presented: string): boolean;
  /**
   * The same object for the same token, while it is remembered; undefined where the token is wrong. Refuses with SERVICE_UNAVAILABLE where
   * its issuer would have to be asked and cannot be.
   */
  verify(token: string): TokenClaims | undefined | Promise<TokenClaims | undefined>;
  /** Whether it is remembered as right. */
  isKnown(token: string): boolean;
  /** Why `verify` answered nothing. */
  whyRefused(token: string): RefusedToken;
}

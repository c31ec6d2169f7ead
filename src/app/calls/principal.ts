/** Who calls, and what finds it out for every API. */
import type { CallerIdentity } from "../../domain/caller-identity.ts";
import type { AccountId } from "../../domain/ids.ts";
import type { RateLimit } from "../../domain/rate-limit.ts";
import type { Scope } from "../../domain/scopes.ts";

/** Whom the verified certificate of a connection names; the same object for each call on it. */
export interface CertifiedCaller {
  /** SPIFFE id, else subject. */
  readonly value: string;
  /** The certificate's end, which a connection may outlive. */
  readonly untilMs: number;
}

/** What is set for a key beside its account's limits. */
export interface KeyLimits {
  readonly keyId: string;
  readonly limits: readonly RateLimit[];
}

export interface Principal {
  /** Empty where no key of ours was shown. */
  readonly keyId: string;
  /** Who it is where no key of ours was shown: an issuer and the value of its claim. */
  readonly identity?: CallerIdentity;
  readonly accountId: AccountId;
  readonly scopes: readonly Scope[];
  /** Undefined where the key has none of its own. */
  readonly keyLimits?: KeyLimits | undefined;
}

/** Whether a name that was shown beside a key is that of the key, or of its account. */
export function goesBy({ keyId, accountId }: Principal, name: string): boolean {
  return name === keyId || name === accountId;
}

/** A key that was refused, without a letter of its secret: its id and account only where it is one of the store's. */
export interface RefusedKey {
  readonly reason: "NO_KEY" | "UNKNOWN" | "WRONG_SECRET" | "REVOKED" | "EXPIRED" | "WRONG_TOKEN";
  readonly keyId?: string;
  readonly account?: AccountId;
  /** What is wrong with a token, and what it says, unverified, of its issuer and caller. */
  readonly fault?: string;
  readonly issuer?: string;
  readonly value?: string;
}

/** Finds out who calls, by a certificate where nothing else is shown. */
export interface CallerVerifier extends KeyVerifier {
  /** Undefined where the certificate has ended; refuses with INVALID_ACCOUNT where it acts for nobody. */
  certified(caller: CertifiedCaller): Principal | undefined | Promise<Principal | undefined>;
}

/** Finds out who shows a key, and by which name. */
export interface NamedKeyVerifier extends KeyVerifier {
  /** Where a name is given, undefined too where the key does not go by it: that is no use of the key. */
  verify(presented: string, name?: string): Principal | undefined | Promise<Principal | undefined>;
}

/** Finds out who calls. */
export interface KeyVerifier {
  /**
   * Whose key or token this is; undefined where it is unknown, malformed, expired or revoked. At once where nobody need be asked. Refuses
   * with INVALID_ACCOUNT where a right token acts for nobody, and with SERVICE_UNAVAILABLE where the store or an issuer cannot be asked.
   */
  verify(presented: string): Principal | undefined | Promise<Principal | undefined>;
  /** Whether it was found right a moment ago, so that judging it again costs next to nothing. */
  isKnown(presented: string): boolean;
  /** Why `verify` answered nothing, for the log. */
  whyRefused(presented: string | undefined): RefusedKey;
}

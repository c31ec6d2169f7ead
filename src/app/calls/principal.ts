/** Who calls, and what finds it out for every API. */
import type { AccountId } from "../../domain/ids.ts";
import type { Scope } from "../../domain/scopes.ts";

export interface Principal {
  readonly keyId: string;
  readonly accountId: AccountId;
  readonly scopes: readonly Scope[];
}

/** A key that was refused, without a letter of its secret: its id and account only where it is one of the store's. */
export interface RefusedKey {
  readonly reason: "NO_KEY" | "UNKNOWN" | "WRONG_SECRET" | "REVOKED";
  readonly keyId?: string;
  readonly account?: AccountId;
}

/** Finds out who calls. */
export interface KeyVerifier {
  /** Whose key this is; undefined where it is unknown, malformed or revoked. At once where the store need not be asked. */
  verify(presented: string): Principal | undefined | Promise<Principal | undefined>;
  /** Why `verify` answered nothing, for the log. */
  whyRefused(presented: string | undefined): RefusedKey;
}

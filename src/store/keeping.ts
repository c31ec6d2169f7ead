/** What a store tells and keeps beside messages: keys, its backlog, what a start voided, and how long things stay. Times are milliseconds since the epoch. */
import type { AccountId, GatewayId } from "../domain/ids.ts";
import type { Lane } from "../domain/message.ts";

export interface ApiKey {
  readonly id: string;
  readonly accountId: AccountId;
  readonly role: "ACCOUNT" | "OPERATOR";
  readonly name: string;
  /** HMAC-SHA256 of the secret, hexadecimal. */
  readonly hash: string;
  readonly createTimeMs: number;
  readonly revokeTimeMs: number | undefined;
}

/**
 * So many of the next to leave are looked at for the oldest: what is handed back because no gateway may carry it now moves behind others
 * that are younger.
 */
export const firstsLookedAt = 200;

/** What waits, for metrics, readiness and the bound on the backlog. */
export interface Backlog {
  /** QUEUED and unclaimed. */
  readonly queued: number;
  readonly byQueue: readonly {
    readonly gatewayId: GatewayId;
    readonly lane: Lane;
    readonly count: number;
    /** Acceptance of the oldest that no gateway was tried with yet, among the next to leave; undefined where all were tried. */
    readonly oldestTimeMs: number | undefined;
  }[];
  readonly parkedReceipts: number;
}

/** Waiting deliveries that were ended because their validity was over. */
export interface Overdue {
  readonly expired: number;
  /** Something of it may have been sent before. */
  readonly unknown: number;
}

export const nothingOverdue: Overdue = { expired: 0, unknown: 0 };

export interface Recovery {
  readonly claimsVoided: number;
  /** May have left, now UNKNOWN: SUBMITTING under AT_MOST_ONCE, or cancelling was asked. */
  readonly endedUnknown: number;
  /** Cancelling was asked, and nothing of it can have left. */
  readonly cancelled: number;
  /** May have left and waits again under AT_LEAST_ONCE: sent twice at worst, and marked AFTER_CRASH on the next attempt. */
  readonly mayHaveLeft: number;
}

/** Nothing was to be recovered. */
export const nothingRecovered: Recovery = { claimsVoided: 0, endedUnknown: 0, cancelled: 0, mayHaveLeft: 0 };

export interface Retention {
  /** Bodies are erased this long after the last final state. */
  readonly bodiesMs: number;
  readonly reportsMs: number;
  readonly messagesMs: number;
  readonly requestIdsMs: number;
  readonly parkedReceiptsMs: number;
  readonly referencesMs: number;
  /** An SMSC id matches receipts until validity and this have passed. */
  readonly smscIdsMs: number;
}

/** What a gateway was last bound with. */
export interface BoundCredentials {
  readonly gatewayId: GatewayId;
  /** Tells other credentials apart and tells nothing of them. */
  readonly fingerprint: string;
}

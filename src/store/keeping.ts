/** What a store tells and keeps beside messages: its backlog, what a start voided, and how long things stay. Times are milliseconds since the epoch. */
import type { DeliveryState } from "../domain/delivery-state.ts";
import type { DeliveryId, GatewayId } from "../domain/ids.ts";
import type { Lane } from "../domain/message.ts";

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

/** How many came to which state. */
export type StateCounts = Readonly<Partial<Record<DeliveryState, number>>>;

export function countStates(states: Iterable<DeliveryState>): StateCounts {
  const counts: Partial<Record<DeliveryState, number>> = {};
  for (const state of states) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

export function countAll(counts: StateCounts): number {
  let sum = 0;
  for (const count of Object.values(counts)) sum += count;
  return sum;
}

/**
 * What became of waiting deliveries whose validity was over: EXPIRED, UNKNOWN where something of it may have been sent before, SUBMITTED
 * (and what receipts make of that) where an earlier attempt had all parts accepted.
 */
export type Overdue = StateCounts;

export const nothingOverdue: Overdue = {};

export interface Recovery {
  readonly claimsVoided: number;
  /**
   * What became of those that do not wait again. UNKNOWN: may have left, and it was SUBMITTING under AT_MOST_ONCE, or cancelling was
   * asked. CANCELLED: that was asked, and nothing of it can have left. SUBMITTED, and what receipts make of it: by an earlier attempt.
   */
  readonly became: StateCounts;
  /** May have left and waits again under AT_LEAST_ONCE: sent twice at worst, and marked AFTER_CRASH on the next attempt. */
  readonly mayHaveLeft: readonly DeliveryId[];
}

/** Nothing was to be recovered. */
export const nothingRecovered: Recovery = { claimsVoided: 0, became: {}, mayHaveLeft: [] };

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

/** Deliveries counted by the state that they came to. */
import type { DeliveryState } from "../domain/delivery-state.ts";

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

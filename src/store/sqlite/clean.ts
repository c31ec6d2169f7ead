/**
 * Retention, a bounded step at a time. What has an age of its own goes by it (clean-aged.ts), bodies and messages go when
 * their last delivery is final for long enough (clean-messages.ts).
 */
import type { DatabaseSync } from "node:sqlite";
import type { Retention } from "../keeping.ts";
import { createCleanAged } from "./clean-aged.ts";
import { createCleanMessages } from "./clean-messages.ts";
import type { Transaction } from "./transaction.ts";

export interface CleanRequest {
  readonly nowMs: number;
  readonly retention: Retention;
  readonly limit: number;
}

export interface Cleaned {
  readonly rows: number;
  /** Whether another step may find more. */
  readonly hasMore: boolean;
}

/** One kind of cleaning; undefined where it has nothing to do now. */
export type CleanStep = (tx: Transaction, request: CleanRequest) => Cleaned | undefined;

export function createClean(db: DatabaseSync) {
  const steps: readonly CleanStep[] = [...createCleanAged(db), ...createCleanMessages(db)];
  return function clean(tx: Transaction, request: CleanRequest): Cleaned {
    for (const step of steps) {
      const cleaned = step(tx, request);
      if (cleaned !== undefined) return cleaned;
    }
    return { rows: 0, hasMore: false };
  };
}

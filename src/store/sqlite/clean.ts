/**
 * Retention, a bounded step at a time. What has an age of its own goes by it (clean-aged.ts, clean-smsc-ids.ts), bodies and messages go
 * when their last delivery is final for long enough (clean-messages.ts).
 */
import type { DatabaseSync } from "node:sqlite";
import type { Cleaned, CleanRequest } from "../cleaning.ts";
import { createCleanAged } from "./clean-aged.ts";
import { createCleanMessages } from "./clean-messages.ts";
import { createCleanSmscIds } from "./clean-smsc-ids.ts";
import type { CleanStep } from "./clean-step.ts";
import type { SmscIds } from "./smsc-ids.ts";
import type { Transaction } from "./transaction.ts";

export function createClean(db: DatabaseSync, smscIds: SmscIds) {
  const steps: readonly CleanStep[] = [
    ...createCleanAged(db),
    createCleanSmscIds(db, smscIds),
    ...createCleanMessages(db, smscIds),
  ];
  return function clean(tx: Transaction, request: CleanRequest): Cleaned {
    for (const step of steps) {
      const cleaned = step(tx, request);
      if (cleaned !== undefined) return cleaned;
    }
    return { rows: 0, hasMore: false };
  };
}

/**
 * Retention, a bounded step at a time. What has an age of its own goes by it (clean-aged.ts), bodies and messages go when their last
 * delivery has been final for long enough (clean-messages.ts). One replica cleans at a time.
 */
import type { Cleaned, CleanRequest } from "../cleaning.ts";
import { cleanAged } from "./clean-aged.ts";
import { cleanMessages } from "./clean-messages.ts";
import type { CleanStep } from "./clean-step.ts";
import { inTransaction } from "./in-transaction.ts";
import { readError } from "./reader.ts";
import type { Session } from "./session.ts";
import { type Connection, statement } from "./statement.ts";
import { isWorthRetrying } from "./store-error.ts";

const steps: readonly CleanStep[] = [...cleanAged, ...cleanMessages];

// What a crash takes back is cleaned again: nobody waits for the disk, which was half of the time that a step took.
const takeTurn = statement(
  "take_cleaning_turn",
  `SELECT set_config('synchronous_commit', 'off', true) FROM cleaning_marks
   WHERE stage = '' AND account_id = '' FOR UPDATE SKIP LOCKED`,
);

async function clean(connection: Connection, request: CleanRequest): Promise<Cleaned> {
  if ((await connection.run(takeTurn)) === 0) return { rows: 0, hasMore: false };
  for (const step of steps) {
    const cleaned = await step(connection, request);
    if (cleaned !== undefined) return cleaned;
  }
  return { rows: 0, hasMore: false };
}

/** One bounded step, beside the writer, which does not wait for it. */
export async function cleanOnce(session: Session, request: CleanRequest): Promise<Cleaned> {
  try {
    return await session.use((connection) => inTransaction(connection, () => clean(connection, request)));
  } catch (error) {
    // Another replica was in the way; there is time.
    if (isWorthRetrying(error)) return { rows: 0, hasMore: false };
    throw readError(error);
  }
}

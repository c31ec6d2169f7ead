/** What is counted of accounts and keys, against their limits of an hour and a day of UTC. */
import type { LimitOwner } from "../../domain/limit-owner.ts";
import { first, run, type Step, sql } from "./sql.ts";

/** Windows are numbered from the epoch; both counts are those of the last message's window. */
export interface MessageCounts {
  readonly hour: number;
  readonly hourCount: number;
  readonly day: number;
  readonly dayCount: number;
  /** Processes that take messages on this store, at least one. */
  readonly replicaCount: number;
}

/** Messages that one transaction accepts for one of them in one hour. */
export interface AcceptedCount {
  readonly owner: LimitOwner;
  readonly hour: number;
  readonly day: number;
  readonly count: number;
}

const add = sql(
  "count_accepted",
  `INSERT INTO message_counts (owner, hour, hour_count, day, day_count) VALUES ($1, $2, $3, $4, $5)
   ON CONFLICT (owner) DO UPDATE SET
     hour_count = CASE WHEN message_counts.hour = excluded.hour THEN message_counts.hour_count + excluded.hour_count
       WHEN message_counts.hour BETWEEN excluded.hour AND excluded.hour + 1 THEN message_counts.hour_count ELSE excluded.hour_count END,
     hour = CASE WHEN message_counts.hour BETWEEN excluded.hour AND excluded.hour + 1 THEN message_counts.hour ELSE excluded.hour END,
     day_count = CASE WHEN message_counts.day = excluded.day THEN message_counts.day_count + excluded.day_count
       WHEN message_counts.day BETWEEN excluded.day AND excluded.day + 1 THEN message_counts.day_count ELSE excluded.day_count END,
     day = CASE WHEN message_counts.day BETWEEN excluded.day AND excluded.day + 1 THEN message_counts.day ELSE excluded.day END`,
);
const find = sql<{ hour: number; hour_count: number; day: number; day_count: number }>(
  "find_message_counts",
  "SELECT hour, hour_count, day, day_count FROM message_counts WHERE owner = $1",
);
const countReplicas = sql<{ count: number }>(
  "count_live_replicas",
  "SELECT count(*) AS count FROM live_replicas",
);

/**
 * Driven by the accepting transaction, late: it locks the owner's row. What was accepted in the hour before counts no more; where it is
 * longer ago a clock had gone ahead, and the count begins anew.
 */
export function* countAccepted({ owner, hour, day, count }: AcceptedCount): Step<void> {
  yield* run(add, owner, hour, count, day, count);
}

/** Zeros where nothing was counted. */
export function* readCounts(owner: LimitOwner): Step<MessageCounts> {
  const row = yield* first(find, owner);
  const replicas = yield* first(countReplicas);
  return {
    hour: row?.hour ?? 0,
    hourCount: row?.hour_count ?? 0,
    day: row?.day ?? 0,
    dayCount: row?.day_count ?? 0,
    replicaCount: Math.max(1, replicas?.count ?? 1),
  };
}

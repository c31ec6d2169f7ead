/** What is counted of an account, against its limits of an hour and a day of UTC. */
import type { AccountId } from "../../domain/ids.ts";
import { first, run, type Step, sql } from "./sql.ts";

/** Windows are numbered from the epoch; both counts are those of the last message's window. */
export interface AccountTotals {
  readonly hour: number;
  readonly hourCount: number;
  readonly day: number;
  readonly dayCount: number;
  /** Processes that take messages on this store, at least one. */
  readonly replicaCount: number;
}

/** Messages that one transaction accepts for an account in one hour. */
export interface AcceptedCount {
  readonly accountId: AccountId;
  readonly hour: number;
  readonly day: number;
  readonly count: number;
}

const add = sql(
  "count_accepted",
  `INSERT INTO account_totals (account_id, hour, hour_count, day, day_count) VALUES ($1, $2, $3, $4, $5)
   ON CONFLICT (account_id) DO UPDATE SET
     hour_count = CASE WHEN account_totals.hour = excluded.hour THEN account_totals.hour_count + excluded.hour_count
       WHEN account_totals.hour BETWEEN excluded.hour AND excluded.hour + 1 THEN account_totals.hour_count ELSE excluded.hour_count END,
     hour = CASE WHEN account_totals.hour BETWEEN excluded.hour AND excluded.hour + 1 THEN account_totals.hour ELSE excluded.hour END,
     day_count = CASE WHEN account_totals.day = excluded.day THEN account_totals.day_count + excluded.day_count
       WHEN account_totals.day BETWEEN excluded.day AND excluded.day + 1 THEN account_totals.day_count ELSE excluded.day_count END,
     day = CASE WHEN account_totals.day BETWEEN excluded.day AND excluded.day + 1 THEN account_totals.day ELSE excluded.day END`,
);
const find = sql<{ hour: number; hour_count: number; day: number; day_count: number }>(
  "find_account_totals",
  "SELECT hour, hour_count, day, day_count FROM account_totals WHERE account_id = $1",
);
const countReplicas = sql<{ count: number }>(
  "count_live_replicas",
  "SELECT count(*) AS count FROM live_replicas",
);

/**
 * Driven by the accepting transaction, late: it locks the account's row. What was accepted in the hour before counts no more; where it is
 * longer ago a clock had gone ahead, and the count begins anew.
 */
export function* countAccepted({ accountId, hour, day, count }: AcceptedCount): Step<void> {
  yield* run(add, accountId, hour, count, day, count);
}

/** Zeros where nothing was counted. */
export function* readTotals(accountId: AccountId): Step<AccountTotals> {
  const row = yield* first(find, accountId);
  const replicas = yield* first(countReplicas);
  return {
    hour: row?.hour ?? 0,
    hourCount: row?.hour_count ?? 0,
    day: row?.day ?? 0,
    dayCount: row?.day_count ?? 0,
    replicaCount: Math.max(1, replicas?.count ?? 1),
  };
}

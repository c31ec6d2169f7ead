/** Messages of an hour to one destination, as each replica counted them; only of destinations that have got much. */
import type { AccountId } from "../../domain/ids.ts";
import { all, first, run, type SqlValue, type Step, sql } from "./sql.ts";

export interface GuardCount {
  readonly accountId: AccountId;
  /** A word of the guard's. */
  readonly kind: string;
  readonly destination: string;
  /** Empty for the only process on a store. */
  readonly replica: string;
  readonly count: number;
}

interface GuardRow {
  readonly account_id: AccountId;
  readonly kind: string;
  readonly destination: string;
  readonly replica: string;
  readonly count: number;
}

/** Counts of one statement. */
const atOnce = 50;
const given = Array.from({ length: atOnce }, (_, index) => {
  const from = 3 + 4 * index;
  return `($${from}, $${from + 1}, $${from + 2}, $${from + 3})`;
}).join(", ");

// A list that is not full is filled with empty accounts, so that one text serves all lengths.
const put = sql(
  "put_guard_counts",
  `INSERT INTO guard_counts (hour, account_id, kind, destination, replica, count)
   SELECT CAST($1 AS bigint), column1, column2, column3, CAST($2 AS text), CAST(column4 AS bigint)
   FROM (VALUES ${given}) AS asked WHERE column1 <> ''
   ON CONFLICT (hour, account_id, kind, destination, replica) DO UPDATE SET count = excluded.count`,
);
const list = sql<GuardRow>(
  "list_guard_counts",
  `SELECT account_id, kind, destination, replica, count FROM guard_counts
   WHERE hour = $1 AND (account_id, kind, destination, replica) > ($2, $3, $4, $5)
   ORDER BY account_id, kind, destination, replica LIMIT $6`,
);
const findPast = sql<{ hour: number }>(
  "find_past_guard_hour",
  "SELECT hour FROM guard_counts WHERE hour < $1 ORDER BY hour LIMIT 1",
);
const removeHour = sql("delete_guard_hour", "DELETE FROM guard_counts WHERE hour = $1");
const removeUntil = sql(
  "delete_guard_counts",
  "DELETE FROM guard_counts WHERE hour = $1 AND (account_id, kind, destination, replica) <= ($2, $3, $4, $5)",
);

/** Of one replica; each replaces its former count of that hour. At most 500. */
export function* putGuardCounts(hour: number, replica: string, counts: readonly GuardCount[]): Step<void> {
  for (let from = 0; from < counts.length; from += atOnce) {
    const rows = counts
      .slice(from, from + atOnce)
      .map(({ accountId, kind, destination, count }): readonly SqlValue[] => [
        ...[accountId, kind, destination],
        // Of a list of values PostgreSQL takes parameters for texts.
        String(count),
      ]);
    const filling = new Array<readonly SqlValue[]>(atOnce - rows.length).fill(["", "", "", "0"]);
    yield* run(put, hour, replica, ...[...rows, ...filling].flat());
  }
}

/** Of one hour and all replicas, after one. */
export function* listGuardCounts(
  hour: number,
  after: GuardCount | undefined,
  limit: number,
): Step<readonly GuardCount[]> {
  const { accountId = "", kind = "", destination = "", replica = "" } = after ?? {};
  const rows = yield* all(list, hour, accountId, kind, destination, replica, limit);
  return rows.map((row) => ({
    accountId: row.account_id,
    kind: row.kind,
    destination: row.destination,
    replica: row.replica,
    count: row.count,
  }));
}

/** Deletes counts of hours before this one; how many. */
export function* deletePastGuardCounts(beforeHour: number, limit: number): Step<number> {
  const past = yield* first(findPast, beforeHour);
  if (past === undefined) return 0;
  const oldest = yield* all(list, past.hour, "", "", "", "", limit);
  const last = oldest.at(-1);
  if (last === undefined || oldest.length < limit) return yield* run(removeHour, past.hour);
  return yield* run(removeUntil, past.hour, last.account_id, last.kind, last.destination, last.replica);
}

/**
 * The last statement of a writing transaction: advances the counters of the accounts concerned, in account order, and inserts their
 * reports with consecutive numbers. The counters stay locked until the commit, so that number order is commit order.
 */
import type { AccountId } from "../../domain/ids.ts";
import { stateCodes } from "../codes.ts";
import type { FreshReports, FreshSource } from "../fresh-reports.ts";
import type { PendingReport } from "../pending-report.ts";
import { type Connection, statement } from "./statement.ts";

/** An account, the number of its last report, and its new reports where they are followed and at hand. */
export type AppendedReports = readonly {
  readonly accountId: AccountId;
  readonly last: number;
  readonly fresh?: FreshReports | undefined;
}[];

interface Advanced {
  readonly account_id: AccountId;
  readonly last: number;
  readonly previous_time: number | null;
}

// Times never go back within an account, so that a start time is found by bisection.
const advance = (counts: string) => `INSERT INTO report_counters AS c (account_id, last, last_time) ${counts}
     ON CONFLICT (account_id) DO UPDATE SET last = c.last + excluded.last,
       last_time = greatest(c.last_time, excluded.last_time), previous_time = c.last_time
     RETURNING c.account_id, c.last, c.previous_time`;

const append = statement<Advanced>(
  "append_reports",
  `WITH advanced AS (
     ${advance(`SELECT account_id, count, latest FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS a (account_id, count, latest)
     ORDER BY account_id COLLATE "C"`)}
   ), written AS (
     INSERT INTO reports (account_id, number, time, state, delivery_id)
     SELECT a.account_id, a.last - r.back, greatest(r.time, a.previous_time), r.state, r.delivery_id
     FROM (
       SELECT account_id, ($5::bigint[])[place::integer] AS back, ($6::bigint[])[place::integer] AS time,
         ($7::smallint[])[place::integer] AS state, delivery_id
       FROM unnest($4::text[], $8::text[]) WITH ORDINALITY AS u (account_id, delivery_id, place)) AS r
     JOIN advanced a ON a.account_id = r.account_id
   )
   SELECT account_id, last, previous_time FROM advanced`,
);

/** Of one account, as most batches are: one array is unnested, and no row looks for its counter. */
const appendToOne = statement<Advanced>(
  "append_reports_to_one",
  `WITH advanced AS (
     ${advance("VALUES ($1, $2::bigint, $3::bigint)")}
   ), written AS (
     INSERT INTO reports (account_id, number, time, state, delivery_id)
     SELECT a.account_id, a.last - $2::bigint + r.place, greatest(($4::bigint[])[r.place::integer], a.previous_time),
       ($5::smallint[])[r.place::integer], r.delivery_id
     FROM advanced a CROSS JOIN unnest($6::text[]) WITH ORDINALITY AS r (delivery_id, place)
   )
   SELECT account_id, last, previous_time FROM advanced`,
);

export async function appendReports(
  connection: Connection,
  pending: readonly PendingReport[],
  fresh: FreshSource,
): Promise<AppendedReports> {
  if (pending.length === 0) return [];
  const byAccount = Map.groupBy(pending, ({ accountId }) => accountId);
  const answered = await send(connection, byAccount);
  return answered.map(({ account_id: accountId, last, previous_time }) => {
    const reports = byAccount.get(accountId) ?? [];
    const first = last - reports.length + 1;
    const rows = fresh.begin(accountId, first);
    if (rows === undefined) return { accountId, last };
    let timeMs = previous_time ?? 0;
    reports.forEach((report, index) => {
      timeMs = Math.max(timeMs, report.timeMs);
      rows.add(report, first + index, timeMs);
    });
    return { accountId, last, fresh: rows.end() };
  });
}

function send(
  connection: Connection,
  byAccount: ReadonlyMap<AccountId, readonly PendingReport[]>,
): Promise<Advanced[]> {
  const accounts: string[] = [];
  const counts: number[] = [];
  const latest: number[] = [];
  const rows = { accounts: [] as string[], backs: [] as number[], times: [] as number[] };
  const states: number[] = [];
  const ids: string[] = [];
  for (const [accountId, reports] of byAccount) {
    let timeMs = 0;
    reports.forEach((report, index) => {
      timeMs = Math.max(timeMs, report.timeMs);
      rows.accounts.push(accountId);
      rows.backs.push(reports.length - 1 - index);
      rows.times.push(timeMs);
      states.push(stateCodes[report.state]);
      ids.push(report.deliveryId);
    });
    accounts.push(accountId);
    counts.push(reports.length);
    latest.push(timeMs);
  }
  const [accountId = "", ...others] = accounts;
  if (others.length === 0) {
    return connection.all(appendToOne, accountId, ids.length, latest[0] ?? 0, rows.times, states, ids);
  }
  const values = [accounts, counts, latest, rows.accounts, rows.backs, rows.times, states, ids];
  return connection.all(append, ...values);
}

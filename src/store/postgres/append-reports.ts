/**
 * The last statement of a writing transaction: advances the counters of the accounts concerned, in account order, and inserts their
 * reports with consecutive numbers. The counters stay locked until the commit, so that number order is commit order.
 */
import type { AccountId } from "../../domain/ids.ts";
import { stateCodes } from "../codes.ts";
import { type Connection, statement } from "./statement.ts";
import type { PendingReport } from "./transaction.ts";

/** An account and the number of its last report. */
export type AppendedReports = readonly { readonly accountId: AccountId; readonly last: number }[];

// Times never go back within an account, so that a start time is found by bisection.
const append = statement<{ account_id: AccountId; last: number }>(
  "append_reports",
  `WITH advanced AS (
     INSERT INTO report_counters AS c (account_id, last, last_time)
     SELECT account_id, count, latest FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS a (account_id, count, latest)
     ORDER BY account_id COLLATE "C"
     ON CONFLICT (account_id) DO UPDATE SET last = c.last + excluded.last,
       last_time = greatest(c.last_time, excluded.last_time), previous_time = c.last_time
     RETURNING c.account_id, c.last, c.previous_time
   ), written AS (
     INSERT INTO reports (account_id, number, time, state, delivery_id)
     SELECT a.account_id, a.last - r.back, greatest(r.time, a.previous_time), r.state, r.delivery_id
     FROM unnest($4::text[], $5::bigint[], $6::bigint[], $7::smallint[], $8::text[])
       AS r (account_id, back, time, state, delivery_id)
     JOIN advanced a ON a.account_id = r.account_id
   )
   SELECT account_id, last FROM advanced`,
);

export async function appendReports(
  connection: Connection,
  pending: readonly PendingReport[],
): Promise<AppendedReports> {
  if (pending.length === 0) return [];
  const byAccount = new Map<AccountId, PendingReport[]>();
  for (const report of pending) {
    const known = byAccount.get(report.accountId);
    if (known === undefined) byAccount.set(report.accountId, [report]);
    else known.push(report);
  }
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
  const { accounts: reportAccounts, backs, times } = rows;
  const values = [accounts, counts, latest, reportAccounts, backs, times, states, ids];
  const answered = await connection.all(append, ...values);
  return answered.map(({ account_id, last }) => ({ accountId: account_id, last }));
}

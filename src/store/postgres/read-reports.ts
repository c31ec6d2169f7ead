/** Reading reports: the row says what happened when; what does not change is joined from the message, delivery and attempt. */
import type { AccountId } from "../../domain/ids.ts";
import { type ReportRow, reportOf } from "../report-row.ts";
import type { ReportBounds, StoredReport } from "../store.ts";
import { unpackOptional } from "./pack-text.ts";
import { type Connection, first, statement } from "./statement.ts";

export interface ReportsQuery {
  readonly accountId: AccountId;
  readonly after: number;
  readonly limit: number;
}

const find = statement<ReportRow>(
  "read_reports",
  `SELECT r.number, r.time, r.state, r.delivery_id, d.recipient, d.gateway_id, d.segment_count,
     a.segment_count AS attempt_segment_count, d.code, d.reason, d.submit_time, d.done_time, a.parts, m.client_reference,
     m.metadata, m.accept_time
   FROM (
     SELECT account_id, number, time, state, delivery_id FROM reports
     WHERE account_id = $1 AND number > $2 ORDER BY number LIMIT $3
   ) AS r
   JOIN deliveries d ON d.id = r.delivery_id
   JOIN messages m ON m.account_id = r.account_id AND m.id = substr(r.delivery_id, 1, 36)
   LEFT JOIN LATERAL (
     SELECT segment_count, parts FROM attempts
     WHERE r.state <> 1 AND delivery_id = d.id AND number = d.attempt_count LIMIT 1) AS a ON true
   ORDER BY r.number`,
);
const findBounds = statement<{ oldest: number; last: number }>(
  "report_bounds",
  "SELECT oldest, last FROM report_counters WHERE account_id = $1",
);
const findTime = statement<{ time: number }>(
  "report_time",
  "SELECT time FROM reports WHERE account_id = $1 AND number = $2",
);

export async function readReports(
  connection: Connection,
  { accountId, after, limit }: ReportsQuery,
): Promise<readonly StoredReport[]> {
  const rows = await connection.all(find, accountId, after, limit);
  return rows.map((row) => reportOf({ ...row, client_reference: unpackOptional(row.client_reference) }));
}

export async function reportBounds(connection: Connection, accountId: AccountId): Promise<ReportBounds> {
  return first(await connection.all(findBounds, accountId)) ?? { oldest: 1, last: 0 };
}

/** By bisection: numbers have no gap between the bounds, and times never go back. */
export async function reportNumberBefore(
  connection: Connection,
  { accountId, timeMs }: { readonly accountId: AccountId; readonly timeMs: number },
): Promise<number> {
  const { oldest, last } = await reportBounds(connection, accountId);
  let low = oldest - 1;
  let high = last;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const time = first(await connection.all(findTime, accountId, middle))?.time;
    if (time === undefined || time < timeMs) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Reading reports: the row says what happened when; what does not change is joined from the message, delivery and attempt. */
import type { AccountId } from "../../domain/ids.ts";
import { type ScannedRow, scanOf } from "../report-row.ts";
import type { ReportBounds, ReportScan } from "../reports.ts";
import { unpackOptional } from "./pack-text.ts";
import { type Connection, first, statement } from "./statement.ts";

export interface ReportsQuery {
  readonly accountId: AccountId;
  readonly after: number;
  readonly limit: number;
  /** The states that are wanted, by `maskOf`. */
  readonly mask: number;
}

// One statement, so that the stretch and its reports are of one moment: retention may delete beside it. What is not wanted is not
// joined, but for the last row, which tells how far was looked.
const scan = statement<ScannedRow>(
  "scan_reports",
  `WITH stretch AS MATERIALIZED (
     SELECT account_id, number, time, state, delivery_id FROM reports
     WHERE account_id = $1 AND number > $2 ORDER BY number LIMIT $3
   )
   SELECT r.number, r.time, r.state, r.delivery_id, d.recipient, d.gateway_id, d.segment_count,
     a.segment_count AS attempt_segment_count, d.code, d.reason, d.submit_time, d.done_time, a.parts, m.client_reference,
     m.metadata, m.accept_time, m.sender, (SELECT min(number) FROM stretch) AS first
   FROM stretch AS r
   JOIN deliveries d ON d.id = r.delivery_id
   JOIN messages m ON m.account_id = r.account_id AND m.id = substr(r.delivery_id, 1, 36)
   LEFT JOIN LATERAL (
     SELECT segment_count, parts FROM attempts
     WHERE r.state <> 1 AND delivery_id = d.id AND number = d.attempt_count LIMIT 1) AS a ON true
   WHERE ($4::integer >> r.state) & 1 = 1 OR r.number = (SELECT max(number) FROM stretch)
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

export async function scanReports(
  connection: Connection,
  { accountId, after, limit, mask }: ReportsQuery,
): Promise<ReportScan> {
  const rows = await connection.all(scan, accountId, after, limit, mask);
  return scanOf(
    rows.map((row) => ({ ...row, client_reference: unpackOptional(row.client_reference) })),
    mask,
  );
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

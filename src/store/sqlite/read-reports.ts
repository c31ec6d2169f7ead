/** Reading reports: the row says what happened when; what does not change is joined from the message, delivery and attempt. */
import type { DatabaseSync } from "node:sqlite";
import type { AccountId } from "../../domain/ids.ts";
import type { PackedScan } from "../packed-scan.ts";
import type { ScannedRow } from "../report-row.ts";
import type { ReportBounds } from "../reports.ts";
import { prepare } from "./statement.ts";

export interface ReportsQuery {
  readonly accountId: AccountId;
  readonly after: number;
  readonly limit: number;
  /** The states that are wanted, by `maskOf`. */
  readonly mask: number;
}

export function createReadReports(db: DatabaseSync) {
  // One statement, so that the stretch and its reports are of one moment: retention may delete beside it. What is not wanted is not
  // joined, but for the last row, which tells how far was looked.
  const scan = prepare<ScannedRow>(
    db,
    `WITH stretch AS MATERIALIZED (
       SELECT account_id, number, time, state, delivery_id FROM reports
       WHERE account_id = ?1 AND number > ?2 ORDER BY number LIMIT ?3 + 0)
     SELECT r.number, r.time, r.state, r.delivery_id, d.recipient, d.gateway_id, d.segment_count,
       ifnull(CASE WHEN r.state <> 1 THEN d.first_segment_count END, a.segment_count) AS attempt_segment_count, d.code, d.reason,
       d.submit_time, d.done_time, ifnull(CASE WHEN r.state <> 1 THEN d.first_parts END, a.parts) AS parts, m.client_reference, m.metadata, m.accept_time, m.sender, (SELECT min(number) FROM stretch) AS first
     FROM stretch r
     CROSS JOIN deliveries d ON d.id = r.delivery_id
     CROSS JOIN messages m ON m.account_id = r.account_id AND m.id = substr(r.delivery_id, 1, 36)
     LEFT JOIN attempts a ON r.state <> 1 AND d.first_parts IS NULL AND a.delivery_id = r.delivery_id AND a.number = d.attempt_count
     WHERE (?4 >> r.state) & 1 OR r.number = (SELECT max(number) FROM stretch)
     ORDER BY r.number`,
  );
  const findOldest = prepare<{ number: number }>(
    db,
    "SELECT number FROM reports WHERE account_id = ? ORDER BY number LIMIT 1",
  );
  const findLast = prepare<{ last: number }>(db, "SELECT last FROM report_counters WHERE account_id = ?");
  const findTime = prepare<{ time: number }>(
    db,
    "SELECT time FROM reports WHERE account_id = ? AND number = ?",
  );

  function reportBounds(accountId: AccountId): ReportBounds {
    const last = findLast.get(accountId)?.last ?? 0;
    return { oldest: findOldest.get(accountId)?.number ?? last + 1, last };
  }

  return {
    scanReports({ accountId, after, limit, mask }: ReportsQuery): PackedScan {
      return scan.tuples(accountId, after, limit, mask) as PackedScan;
    },

    reportBounds,

    /** By bisection: numbers have no gap between the bounds, and times never go back. */
    reportNumberBefore(accountId: AccountId, timeMs: number): number {
      const { oldest, last } = reportBounds(accountId);
      let low = oldest - 1;
      let high = last;
      while (low < high) {
        const middle = Math.ceil((low + high) / 2);
        const time = findTime.get(accountId, middle)?.time;
        if (time === undefined || time < timeMs) low = middle;
        else high = middle - 1;
      }
      return low;
    },
  };
}

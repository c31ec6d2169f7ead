/** Reading reports: the row says what happened when; what does not change is joined from the message, delivery and attempt. */
import type { DatabaseSync } from "node:sqlite";
import type { FailureReason } from "../../domain/delivery-state.ts";
import { isFinal } from "../../domain/delivery-state.ts";
import type { AccountId, DeliveryId, GatewayId } from "../../domain/ids.ts";
import type { E164 } from "../../domain/message.ts";
import type { StatusCodeName } from "../../domain/status-code.ts";
import { type ReportState, stateOf } from "../codes.ts";
import { metadataOf } from "../message-row.ts";
import { parseParts, viewPart } from "../part-tuple.ts";
import type { ReportBounds, StoredReport } from "../store.ts";
import { prepare } from "./statement.ts";

interface ReportRow {
  readonly number: number;
  readonly time: number;
  readonly state: number;
  readonly delivery_id: DeliveryId;
  readonly recipient: E164;
  readonly gateway_id: GatewayId | null;
  readonly segment_count: number;
  readonly attempt_segment_count: number | null;
  readonly code: StatusCodeName | null;
  readonly reason: FailureReason | null;
  readonly submit_time: number | null;
  readonly done_time: number | null;
  readonly parts: string | null;
  readonly client_reference: string | null;
  readonly metadata: string | null;
  readonly accept_time: number;
}

export interface ReportsQuery {
  readonly accountId: AccountId;
  readonly after: number;
  readonly limit: number;
}

export function createReadReports(db: DatabaseSync) {
  const find = prepare<ReportRow>(
    db,
    `SELECT r.number, r.time, r.state, r.delivery_id, d.recipient, d.gateway_id, d.segment_count,
       a.segment_count AS attempt_segment_count, d.code, d.reason, d.submit_time, d.done_time, a.parts, m.client_reference,
       m.metadata, m.accept_time
     FROM reports r
     CROSS JOIN deliveries d ON d.id = r.delivery_id
     CROSS JOIN messages m ON m.account_id = r.account_id AND m.id = substr(r.delivery_id, 1, 36)
     LEFT JOIN attempts a ON r.state <> 1 AND a.delivery_id = r.delivery_id AND a.number = d.attempt_count
     WHERE r.account_id = ? AND r.number > ? ORDER BY r.number LIMIT ?`,
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
    readReports({ accountId, after, limit }: ReportsQuery): readonly StoredReport[] {
      return find.all(accountId, after, limit).map(reportOf);
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

function reportOf(row: ReportRow): StoredReport {
  const state = stateOf(row.state) as ReportState;
  const isQueued = state === "QUEUED";
  const hasEnded = isFinal(state);
  // A report reads the same later on: receipts that came after it are left out.
  const receiptsUntilMs = hasEnded ? row.time : 0;
  return {
    number: row.number,
    timeMs: row.time,
    deliveryId: row.delivery_id,
    recipient: row.recipient,
    clientReference: row.client_reference ?? undefined,
    metadata: metadataOf(row.metadata),
    acceptTimeMs: row.accept_time,
    state,
    code: hasEnded ? (row.code ?? undefined) : undefined,
    reason: hasEnded ? (row.reason ?? undefined) : undefined,
    gatewayId: isQueued ? undefined : (row.gateway_id ?? undefined),
    segmentCount: row.attempt_segment_count ?? row.segment_count,
    submitTimeMs: isQueued ? undefined : (row.submit_time ?? undefined),
    doneTimeMs: hasEnded ? (row.done_time ?? undefined) : undefined,
    parts: row.parts === null ? [] : parseParts(row.parts).map((part) => viewPart(part, receiptsUntilMs)),
  };
}

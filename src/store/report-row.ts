/** A report's row with what is joined to it when it is read, and the report that they make. */
import type { FailureReason } from "../domain/delivery-state.ts";
import { isFinal } from "../domain/delivery-state.ts";
import type { DeliveryId, GatewayId } from "../domain/ids.ts";
import type { E164 } from "../domain/message.ts";
import type { StatusCodeName } from "../domain/status-code.ts";
import { type ReportState, stateOf } from "./codes.ts";
import { metadataOf } from "./message-row.ts";
import { parseParts, viewPart } from "./part-tuple.ts";
import type { ReportScan, StoredReport } from "./reports.ts";

export interface ReportRow {
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
  readonly sender: string;
}

/** A row of a scan: one that is wanted, or the last that was looked at. */
export interface ScannedRow extends ReportRow {
  /** The first number that was looked at. */
  readonly first: number;
}

/** The scan that the rows of its statement stand for, ascending. */
export function scanOf(rows: readonly ScannedRow[], mask: number): ReportScan {
  const wanted = rows.filter((row) => (mask >> row.state) & 1);
  return { reports: wanted.map(reportOf), first: rows[0]?.first, last: rows.at(-1)?.number };
}

export function reportOf(row: ReportRow): StoredReport {
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
    sender: row.sender,
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

/** Rows of a message, its deliveries and their attempts as they are read, and the views made from them. */
import type { DeliveryState, FailureReason } from "../domain/delivery-state.ts";
import type { DeliveryId, GatewayId, MessageId } from "../domain/ids.ts";
import type { AttemptOutcome, E164 } from "../domain/message.ts";
import type { StatusCodeName } from "../domain/status-code.ts";
import type { Encoding } from "../encoding/message-plan.ts";
import { stateOf } from "./codes.ts";
import { type MessageRow, messageOf, recipientOutcomesOf } from "./message-row.ts";
import { parseParts, viewPart } from "./part-tuple.ts";
import type { AttemptTrace } from "./settling.ts";
import type { AttemptView, DeliveryView, ListFilter, MessagePage, MessageView, StatusPage } from "./views.ts";

export type MessageViewRow = MessageRow & { readonly delivery_count: number };

export type StatusMessageRow = MessageViewRow & { readonly recipient_outcomes: string | null };

/** A message with a page of its deliveries as it was read; made a view where the main thread wants it. */
export interface StatusRows {
  readonly message: StatusMessageRow;
  readonly counts: readonly StateCountRow[];
  readonly deliveries: readonly DeliveryWithCarrier[];
  /** Of each delivery, the newest first; empty in the BASIC view. */
  readonly attempts: readonly (readonly AttemptViewRow[])[];
  readonly nextPosition: number | undefined;
}

export interface StateCountRow {
  readonly state: number;
  readonly count: number;
}

/** The messages of a page, with the counts of each. */
export interface ListRows {
  readonly rows: readonly MessageViewRow[];
  readonly counts: readonly (readonly StateCountRow[])[];
  readonly next: MessageId | undefined;
}

export interface DeliveryViewRow {
  readonly id: DeliveryId;
  readonly recipient: E164;
  readonly state: number;
  readonly code: StatusCodeName | null;
  readonly reason: FailureReason | null;
  readonly gateway_id: GatewayId | null;
  readonly encoding: Encoding | null;
  readonly segment_count: number;
  readonly submit_time: number | null;
  readonly final_time: number | null;
  readonly done_time: number | null;
  readonly attempt_count: number;
  readonly attempt_encoding: Encoding | null;
  readonly attempt_segment_count: number | null;
}

/** With what the receipts of its last attempt gave. */
export type DeliveryWithCarrier = DeliveryViewRow & { readonly carrier: string | null };

export interface AttemptViewRow {
  readonly number: number;
  readonly gateway_id: GatewayId;
  readonly start_time: number;
  readonly end_time: number;
  readonly outcome: AttemptOutcome;
  readonly encoding: Encoding;
  readonly segment_count: number;
  readonly reference: number | null;
  readonly parts: string;
  readonly trace: string | null;
}

/** Attempts shown of one delivery at most, the newest: a delivery that is throttled for days has thousands. */
export const maxAttemptsShown = 100;
/** A page of the FULL view ends with the delivery that fills it; rows are longer than what is sent of them. */
export const maxPageOctets = 2 * 1024 * 1024;
/** Messages that are looked at for one page, where not all of them are wanted: 5 ms. */
export const mostLookedAt = 10_000;
/** Deliveries that are counted by state for one page: 5 ms. */
const mostCounted = 20_000;
/** How far an id's time may be from its message's: ids may run ahead within a burst, or when the clock steps. */
const idSlackMs = 10 * 60_000;
const noTrace: AttemptTrace = { leftOut: [], marks: [] };

/** The octets of a delivery with its attempts. */
export function octetsOf(attempts: readonly AttemptViewRow[]): number {
  // Ids, times and names of a delivery and of an attempt.
  let octets = 250;
  for (const { parts, trace } of attempts) octets += 150 + parts.length + (trace?.length ?? 0);
  return octets;
}

/**
 * What one page shows of the rows that were found, one more than its limit where there are more. `floor` is the oldest message that was
 * looked at, where there may be others behind it.
 */
export function cutList(
  found: readonly MessageViewRow[],
  limit: number,
  floor: MessageId | undefined,
): { readonly rows: readonly MessageViewRow[]; readonly next: MessageId | undefined } {
  let counted = 0;
  let end = 0;
  while (end < found.length && end < limit) {
    counted += found[end]?.delivery_count ?? 0;
    if (counted > mostCounted && end > 0) break;
    end += 1;
  }
  return { rows: found.slice(0, end), next: end < found.length ? found[end - 1]?.id : floor };
}

export function messagePageOf({ rows, counts, next }: ListRows): MessagePage {
  return { messages: rows.map((row, index) => messageViewOf(row, counts[index] ?? [])), next };
}

export function statusPageOf({
  message,
  counts,
  deliveries,
  attempts,
  nextPosition,
}: StatusRows): StatusPage {
  return {
    ...messageViewOf(message, counts),
    recipientOutcomes: recipientOutcomesOf(message.recipient_outcomes, message.delivery_count),
    deliveries: deliveries.map((row, index) =>
      deliveryViewOf(row, (attempts[index] ?? []).map(attemptViewOf).reverse()),
    ),
    nextPosition,
  };
}

function messageViewOf(row: MessageViewRow, counts: readonly StateCountRow[]): MessageView {
  const stateCounts: Partial<Record<DeliveryState, number>> = {};
  for (const { state, count } of counts) stateCounts[stateOf(state)] = count;
  return {
    message: { ...messageOf(row), contentKind: row.content_kind === 0 ? "text" : "binary" },
    deliveryCount: row.delivery_count,
    stateCounts,
  };
}

function deliveryViewOf(row: DeliveryWithCarrier, attempts: readonly AttemptView[]): DeliveryView {
  return {
    id: row.id,
    recipient: row.recipient,
    state: stateOf(row.state),
    code: row.code ?? undefined,
    reason: row.reason ?? undefined,
    gatewayId: row.gateway_id ?? undefined,
    encoding: row.attempt_encoding ?? row.encoding ?? undefined,
    segmentCount: row.attempt_segment_count ?? row.segment_count,
    submitTimeMs: row.submit_time ?? undefined,
    finalTimeMs: row.final_time ?? undefined,
    doneTimeMs: row.done_time ?? undefined,
    carrier: row.carrier ?? undefined,
    attemptCount: row.attempt_count,
    attempts,
  };
}

function attemptViewOf(row: AttemptViewRow): AttemptView {
  return {
    number: Math.abs(row.number),
    gatewayId: row.gateway_id,
    startTimeMs: row.start_time,
    endTimeMs: row.end_time,
    outcome: row.outcome,
    encoding: row.encoding,
    segmentCount: row.segment_count,
    reference: row.reference ?? undefined,
    parts: parseParts(row.parts).map((part) => viewPart(part)),
    trace: row.trace === null ? noTrace : (JSON.parse(row.trace) as AttemptTrace),
  };
}

/** All deliveries of a message lie between these keys ("/" follows "."). */
export function keysOf(messageId: MessageId): readonly [string, string] {
  return [`${messageId}.`, `${messageId}/`];
}

/** Between which ids and times the messages of a list lie: `[before, lowest, from, until]`, upper ends exclusive. */
export function listBounds(
  { acceptedFromMs = 0, acceptedUntilMs = Number.MAX_SAFE_INTEGER }: ListFilter,
  before: MessageId | undefined,
): readonly [string, string, number, number] {
  const highest = acceptedUntilMs === Number.MAX_SAFE_INTEGER ? "g" : idAt(acceptedUntilMs + idSlackMs);
  return [
    before !== undefined && before < highest ? before : highest,
    idAt(acceptedFromMs - idSlackMs),
    acceptedFromMs,
    acceptedUntilMs,
  ];
}

/** The lowest UUIDv7 of a millisecond. */
function idAt(timeMs: number): string {
  const time = Math.max(0, Math.floor(timeMs)).toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}`;
}

/** Rows of a message, its deliveries and their attempts as they are read, and the views that these stand for. */
import type { DeliveryState, FailureReason } from "../domain/delivery-state.ts";
import type { DeliveryId, GatewayId, MessageId } from "../domain/ids.ts";
import type { AttemptOutcome, E164 } from "../domain/message.ts";
import type { StatusCodeName } from "../domain/status-code.ts";
import type { Encoding } from "../encoding/message-plan.ts";
import { stateOf } from "./codes.ts";
import { type MessageRow, messageOf, recipientOutcomesOf } from "./message-row.ts";
import { parseParts, viewPart } from "./part-tuple.ts";
import type { AttemptTrace } from "./settling.ts";
import type { AttemptView, DeliveryView, ListFilter, MessageView } from "./views.ts";

export type MessageViewRow = MessageRow & {
  readonly delivery_count: number;
  readonly recipient_outcomes: string | null;
};

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
  readonly attempt_count: number;
  readonly attempt_encoding: Encoding | null;
  readonly attempt_segment_count: number | null;
}

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
/** How far an id's time may be from its message's: ids may run ahead within a burst, or when the clock steps. */
const idSlackMs = 10 * 60_000;
const noTrace: AttemptTrace = { leftOut: [], marks: [] };

export function messageViewOf(
  row: MessageViewRow,
  counts: readonly { readonly state: number; readonly count: number }[],
): MessageView {
  const stateCounts: Partial<Record<DeliveryState, number>> = {};
  for (const { state, count } of counts) stateCounts[stateOf(state)] = count;
  return {
    message: { ...messageOf(row), contentKind: row.content_kind === 0 ? "text" : "binary" },
    deliveryCount: row.delivery_count,
    stateCounts,
    recipientOutcomes: recipientOutcomesOf(row.recipient_outcomes, row.delivery_count),
  };
}

export function deliveryViewOf(row: DeliveryViewRow, attempts: readonly AttemptView[]): DeliveryView {
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
    attemptCount: row.attempt_count,
    attempts,
  };
}

export function attemptViewOf(row: AttemptViewRow): AttemptView {
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

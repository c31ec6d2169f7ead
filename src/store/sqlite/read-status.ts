/** Reading a message with a page of its deliveries, the list of an account's messages, and bare states. */
import type { DatabaseSync } from "node:sqlite";
import type { DeliveryState, FailureReason } from "../../domain/delivery-state.ts";
import type { AccountId, DeliveryId, GatewayId, MessageId } from "../../domain/ids.ts";
import { deliveryIdOf, positionOf } from "../../domain/ids.ts";
import type { AttemptOutcome, E164 } from "../../domain/message.ts";
import type { StatusCodeName } from "../../domain/status-code.ts";
import type { Encoding } from "../../encoding/message-plan.ts";
import { stateOf } from "../codes.ts";
import { type MessageRow, messageColumns, messageOf, recipientOutcomesOf } from "../message-row.ts";
import { parseParts, viewPart } from "../part-tuple.ts";
import type {
  AttemptTrace,
  AttemptView,
  DeliveryView,
  ListFilter,
  MessageView,
  StatusPage,
} from "../store.ts";
import { prepare } from "./statement.ts";

type ViewRow = MessageRow & { readonly delivery_count: number; readonly recipient_outcomes: string | null };

interface DeliveryRow {
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

interface AttemptRow {
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

export interface StatusQuery {
  readonly accountId: AccountId;
  readonly messageId: MessageId;
  readonly page: { readonly afterPosition: number; readonly limit: number; readonly view: "BASIC" | "FULL" };
}

export interface ListQuery {
  readonly accountId: AccountId;
  readonly filter: ListFilter;
  readonly page: { readonly before: MessageId | undefined; readonly limit: number };
}

/** Attempts shown of one delivery at most, the newest: a delivery that is throttled for days has thousands. */
const maxAttemptsShown = 100;
/** How far an id's time may be from its message's: ids may run ahead within a burst, or when the clock steps. */
const idSlackMs = 10 * 60_000;
const noTrace: AttemptTrace = { leftOut: [], marks: [] };

export function createReadStatus(db: DatabaseSync) {
  const findMessage = prepare<ViewRow>(
    db,
    `SELECT ${messageColumns}, delivery_count, recipient_outcomes FROM messages WHERE account_id = ? AND id = ?`,
  );
  const countStates = prepare<{ state: number; count: number }>(
    db,
    "SELECT state, count(*) AS count FROM deliveries WHERE id >= ? AND id < ? GROUP BY state",
  );
  const findDeliveries = prepare<DeliveryRow>(
    db,
    `SELECT d.id, d.recipient, d.state, d.code, d.reason, d.gateway_id, d.encoding, d.segment_count, d.submit_time,
       d.final_time, d.attempt_count, a.encoding AS attempt_encoding, a.segment_count AS attempt_segment_count
     FROM deliveries d LEFT JOIN attempts a ON a.delivery_id = d.id AND a.number = d.attempt_count
     WHERE d.id > ? AND d.id < ? ORDER BY d.id LIMIT ?`,
  );
  const findAttempts = prepare<AttemptRow>(
    db,
    `SELECT number, gateway_id, start_time, end_time, outcome, encoding, segment_count, reference, parts, trace
     FROM attempts WHERE delivery_id = ? ORDER BY abs(number) DESC, number DESC LIMIT ${maxAttemptsShown}`,
  );
  const findState = prepare<{ state: number }>(db, "SELECT state FROM deliveries WHERE id = ?");
  const list = prepare<ViewRow>(
    db,
    `SELECT ${messageColumns}, delivery_count, recipient_outcomes FROM messages
     WHERE account_id = ?1 AND id < ?2 AND id >= ?3 AND accept_time >= ?4 AND accept_time < ?5
     ORDER BY id DESC LIMIT ?6`,
  );
  const listByReference = prepare<ViewRow>(
    db,
    `SELECT ${messageColumns}, delivery_count, recipient_outcomes FROM messages
     WHERE account_id = ?1 AND id < ?2 AND id >= ?3 AND accept_time >= ?4 AND accept_time < ?5 AND client_reference = ?7
     ORDER BY id DESC LIMIT ?6`,
  );

  function messageView(row: ViewRow): MessageView {
    const [from, until] = keysOf(row.id);
    const stateCounts: Partial<Record<DeliveryState, number>> = {};
    for (const { state, count } of countStates.all(from, until)) stateCounts[stateOf(state)] = count;
    return {
      message: { ...messageOf(row), contentKind: row.content_kind === 0 ? "text" : "binary" },
      deliveryCount: row.delivery_count,
      stateCounts,
      recipientOutcomes: recipientOutcomesOf(row.recipient_outcomes, row.delivery_count),
    };
  }

  function attemptsOf(id: DeliveryId): readonly AttemptView[] {
    return findAttempts
      .all(id)
      .map((row) => ({
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
      }))
      .reverse();
  }

  function deliveryView(row: DeliveryRow, view: "BASIC" | "FULL"): DeliveryView {
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
      attempts: view === "FULL" ? attemptsOf(row.id) : [],
    };
  }

  return {
    readStatus({ accountId, messageId, page }: StatusQuery): StatusPage | undefined {
      const row = findMessage.get(accountId, messageId);
      if (row === undefined) return undefined;
      const [from, until] = keysOf(messageId);
      const after = page.afterPosition < 0 ? from : deliveryIdOf(messageId, page.afterPosition);
      const rows = findDeliveries.all(after, until, page.limit + 1);
      const shown = rows.slice(0, page.limit);
      const last = shown.at(-1);
      return {
        ...messageView(row),
        deliveries: shown.map((delivery) => deliveryView(delivery, page.view)),
        nextPosition: rows.length > shown.length && last !== undefined ? positionOf(last.id) : undefined,
      };
    },

    listMessages({ accountId, filter, page }: ListQuery): readonly MessageView[] {
      const { acceptedFromMs = 0, acceptedUntilMs = Number.MAX_SAFE_INTEGER, clientReference } = filter;
      const lowest = idAt(acceptedFromMs - idSlackMs);
      const highest = acceptedUntilMs === Number.MAX_SAFE_INTEGER ? "g" : idAt(acceptedUntilMs + idSlackMs);
      const before = page.before !== undefined && page.before < highest ? page.before : highest;
      const common = [accountId, before, lowest, acceptedFromMs, acceptedUntilMs, page.limit] as const;
      const rows =
        clientReference === undefined ? list.all(...common) : listByReference.all(...common, clientReference);
      return rows.map(messageView);
    },

    readStates(ids: readonly DeliveryId[]): readonly (DeliveryState | undefined)[] {
      return ids.map((id) => {
        const found = findState.get(id);
        return found === undefined ? undefined : stateOf(found.state);
      });
    },
  };
}

/** All deliveries of a message lie between these keys ("/" follows "."). */
export function keysOf(messageId: MessageId): readonly [string, string] {
  return [`${messageId}.`, `${messageId}/`];
}

/** The lowest UUIDv7 of a millisecond. */
function idAt(timeMs: number): string {
  const time = Math.max(0, Math.floor(timeMs)).toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}`;
}

/** Reading a message with a page of its deliveries, the list of an account's messages, and bare states. */
import type { DatabaseSync } from "node:sqlite";
import type { DeliveryState } from "../../domain/delivery-state.ts";
import type { AccountId, DeliveryId, MessageId } from "../../domain/ids.ts";
import { deliveryIdOf, positionOf } from "../../domain/ids.ts";
import { stateOf } from "../codes.ts";
import { messageColumns } from "../message-row.ts";
import {
  type AttemptViewRow,
  attemptViewOf,
  type DeliveryViewRow,
  deliveryViewOf,
  keysOf,
  listBounds,
  type MessageViewRow,
  maxAttemptsShown,
  messageViewOf,
} from "../status-rows.ts";
import type { AttemptView, ListFilter, MessageView, StatusPage } from "../views.ts";
import { prepare } from "./statement.ts";

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

export function createReadStatus(db: DatabaseSync) {
  const findMessage = prepare<MessageViewRow>(
    db,
    `SELECT ${messageColumns}, delivery_count, recipient_outcomes FROM messages WHERE account_id = ? AND id = ?`,
  );
  const countStates = prepare<{ state: number; count: number }>(
    db,
    "SELECT state, count(*) AS count FROM deliveries WHERE id >= ? AND id < ? GROUP BY state",
  );
  const findDeliveries = prepare<DeliveryViewRow>(
    db,
    `SELECT d.id, d.recipient, d.state, d.code, d.reason, d.gateway_id, d.encoding, d.segment_count, d.submit_time,
       d.final_time, d.attempt_count, a.encoding AS attempt_encoding, a.segment_count AS attempt_segment_count
     FROM deliveries d LEFT JOIN attempts a ON a.delivery_id = d.id AND a.number = d.attempt_count
     WHERE d.id > ? AND d.id < ? ORDER BY d.id LIMIT ?`,
  );
  const findAttempts = prepare<AttemptViewRow>(
    db,
    `SELECT number, gateway_id, start_time, end_time, outcome, encoding, segment_count, reference, parts, trace
     FROM attempts WHERE delivery_id = ? ORDER BY abs(number) DESC, number DESC LIMIT ${maxAttemptsShown}`,
  );
  const findState = prepare<{ state: number }>(db, "SELECT state FROM deliveries WHERE id = ?");
  const list = prepare<MessageViewRow>(
    db,
    `SELECT ${messageColumns}, delivery_count, recipient_outcomes FROM messages
     WHERE account_id = ?1 AND id < ?2 AND id >= ?3 AND accept_time >= ?4 AND accept_time < ?5
     ORDER BY id DESC LIMIT ?6`,
  );
  const listByReference = prepare<MessageViewRow>(
    db,
    `SELECT ${messageColumns}, delivery_count, recipient_outcomes FROM messages
     WHERE account_id = ?1 AND id < ?2 AND id >= ?3 AND accept_time >= ?4 AND accept_time < ?5 AND client_reference = ?7
     ORDER BY id DESC LIMIT ?6`,
  );

  function messageView(row: MessageViewRow): MessageView {
    return messageViewOf(row, countStates.all(...keysOf(row.id)));
  }

  function attemptsOf(id: DeliveryId): readonly AttemptView[] {
    return findAttempts.all(id).map(attemptViewOf).reverse();
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
        deliveries: shown.map((row) => deliveryViewOf(row, page.view === "FULL" ? attemptsOf(row.id) : [])),
        nextPosition: rows.length > shown.length && last !== undefined ? positionOf(last.id) : undefined,
      };
    },

    listMessages({ accountId, filter, page }: ListQuery): readonly MessageView[] {
      const { clientReference } = filter;
      const common = [accountId, ...listBounds(filter, page.before), page.limit] as const;
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

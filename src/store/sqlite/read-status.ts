/** Reading a message with a page of its deliveries, the list of an account's messages, and bare states. */
import type { DatabaseSync } from "node:sqlite";
import type { DeliveryState } from "../../domain/delivery-state.ts";
import type { DeliveryId, MessageId } from "../../domain/ids.ts";
import { deliveryIdOf, positionOf } from "../../domain/ids.ts";
import { stateOf } from "../codes.ts";
import { messageColumns } from "../message-row.ts";
import { carrierOf } from "../part-tuple.ts";
import {
  type AttemptViewRow,
  cutList,
  type DeliveryViewRow,
  type DeliveryWithCarrier,
  keysOf,
  type ListRows,
  listBounds,
  type MessageViewRow,
  maxAttemptsShown,
  maxPageOctets,
  mostLookedAt,
  octetsOf,
  type StateCountRow,
  type StatusMessageRow,
  type StatusRows,
} from "../status-rows.ts";
import type { ListQuery, StatusQuery } from "../views.ts";
import { prepare } from "./statement.ts";

const viewColumns = `${messageColumns}, delivery_count`;
const attemptColumns =
  "number, gateway_id, start_time, end_time, outcome, encoding, segment_count, reference, parts, trace";

export function createReadStatus(db: DatabaseSync) {
  const findMessage = prepare<StatusMessageRow>(
    db,
    `SELECT ${viewColumns}, recipient_outcomes FROM messages WHERE account_id = ? AND id = ?`,
  );
  const countStates = prepare<StateCountRow>(
    db,
    "SELECT state, count(*) AS count FROM deliveries WHERE id >= ? AND id < ? GROUP BY state",
  );
  const findDeliveries = prepare<DeliveryViewRow>(
    db,
    `SELECT d.id, d.recipient, d.state, d.code, d.reason, d.gateway_id, d.encoding, d.segment_count, d.submit_time,
       d.final_time, d.done_time, d.attempt_count, ifnull(d.first_encoding, a.encoding) AS attempt_encoding,
       ifnull(d.first_segment_count, a.segment_count) AS attempt_segment_count
     FROM deliveries d
     LEFT JOIN attempts a ON d.first_parts IS NULL AND a.delivery_id = d.id AND a.number = d.attempt_count
     WHERE d.id > ? AND d.id < ? ORDER BY d.id LIMIT ?`,
  );
  // Fenced attempts have negative numbers; each statement walks the key from its end.
  const findAttempts = prepare<AttemptViewRow>(
    db,
    `SELECT ${attemptColumns} FROM all_attempts WHERE delivery_id = ? AND number > 0
     ORDER BY number DESC LIMIT ${maxAttemptsShown}`,
  );
  const findFenced = prepare<AttemptViewRow>(
    db,
    `SELECT ${attemptColumns} FROM attempts WHERE delivery_id = ? AND number < 0
     ORDER BY number LIMIT ${maxAttemptsShown}`,
  );
  const findParts = prepare<{ parts: string }>(
    db,
    "SELECT parts FROM all_attempts WHERE delivery_id = ? AND number = ?",
  );
  const findState = prepare<{ state: number }>(db, "SELECT state FROM deliveries WHERE id = ?");
  const listing = (index: string, reference: string) => ({
    list: prepare<MessageViewRow>(
      db,
      `SELECT ${viewColumns} FROM messages ${index}
       WHERE account_id = ?1 AND id < ?2 AND id >= ?3 AND accept_time >= ?4 AND accept_time < ?5 ${reference}
       ORDER BY id DESC LIMIT ?6`,
    ),
    // Ids and times differ by minutes: what is looked at for a page has an end of its own.
    floor: prepare<{ id: MessageId }>(
      db,
      `SELECT id FROM messages ${index} WHERE account_id = ?1 AND id < ?2 AND id >= ?3 ${reference.replace("?7", "?4")}
       ORDER BY id DESC LIMIT 1 OFFSET ${mostLookedAt - 1}`,
    ),
  });
  const all = listing("", "");
  // Without being told SQLite walks all messages of the account.
  const ofReference = listing("INDEXED BY messages_by_client_reference", "AND client_reference = ?7");

  function attemptsOf(id: DeliveryId): readonly AttemptViewRow[] {
    const attempts = findAttempts.all(id);
    const fenced = findFenced.all(id);
    if (fenced.length === 0) return attempts;
    return [...attempts, ...fenced]
      .sort((a, b) => Math.abs(b.number) - Math.abs(a.number) || b.number - a.number)
      .slice(0, maxAttemptsShown);
  }

  /** One by one, since the parts of a page may be many and long. */
  function withCarrier(row: DeliveryViewRow): DeliveryWithCarrier {
    const last = row.submit_time === null ? undefined : findParts.get(row.id, row.attempt_count);
    return { ...row, carrier: last === undefined ? null : carrierOf(last.parts) };
  }

  return {
    readStatus({ accountId, messageId, page }: StatusQuery): StatusRows | undefined {
      const message = findMessage.get(accountId, messageId);
      if (message === undefined) return undefined;
      const [from, until] = keysOf(messageId);
      const after = page.afterPosition < 0 ? from : deliveryIdOf(messageId, page.afterPosition);
      const found = findDeliveries.all(after, until, page.limit + 1);
      const deliveries: DeliveryWithCarrier[] = [];
      const attempts: (readonly AttemptViewRow[])[] = [];
      let octets = 0;
      for (const row of found.slice(0, page.limit)) {
        const ofRow = page.view === "FULL" ? attemptsOf(row.id) : [];
        octets += octetsOf(ofRow);
        if (octets > maxPageOctets && deliveries.length > 0) break;
        deliveries.push(withCarrier(row));
        attempts.push(ofRow);
      }
      const last = deliveries.at(-1);
      const counts = countStates.all(from, until);
      const hasMore = found.length > deliveries.length && last !== undefined;
      return {
        message,
        counts,
        deliveries,
        attempts,
        nextPosition: hasMore ? positionOf(last.id) : undefined,
      };
    },

    listMessages({ accountId, filter, page }: ListQuery): ListRows {
      const { clientReference, acceptedFromMs, acceptedUntilMs } = filter;
      const [before, lowest, fromMs, untilMs] = listBounds(filter, page.before);
      const statements = clientReference === undefined ? all : ofReference;
      const isByTime = acceptedFromMs !== undefined || acceptedUntilMs !== undefined;
      const reference = clientReference === undefined ? [] : [clientReference];
      const floor = isByTime ? statements.floor.get(accountId, before, lowest, ...reference)?.id : undefined;
      const from = floor ?? lowest;
      const limit = page.limit + 1;
      const found = statements.list.all(accountId, before, from, fromMs, untilMs, limit, ...reference);
      const { rows, next } = cutList(found, page.limit, floor);
      return { rows, counts: rows.map(({ id }) => countStates.all(...keysOf(id))), next };
    },

    readStates(ids: readonly DeliveryId[]): readonly (DeliveryState | undefined)[] {
      return ids.map((id) => {
        const found = findState.get(id);
        return found === undefined ? undefined : stateOf(found.state);
      });
    },
  };
}

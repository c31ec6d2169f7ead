/** Reading a message with a page of its deliveries, the list of an account's messages, and bare states. */
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
  keysOf,
  listBounds,
  type MessageViewRow,
  maxAttemptsShown,
  maxPageOctets,
  messagePageOf,
  mostLookedAt,
  octetsOf,
  type StateCountRow,
  type StatusMessageRow,
  statusPageOf,
} from "../status-rows.ts";
import type { ListQuery, MessagePage, StatusPage, StatusQuery } from "../views.ts";
import { packText } from "./pack-text.ts";
import { plainMessage } from "./plain-message.ts";
import { type Connection, first, statement } from "./statement.ts";

const viewColumns = `${messageColumns}, delivery_count`;
const attemptColumns =
  "delivery_id, number, gateway_id, start_time, end_time, outcome, encoding, segment_count, reference, parts, trace";

const findMessage = statement<StatusMessageRow>(
  "find_message",
  `SELECT ${viewColumns}, recipient_outcomes FROM messages WHERE account_id = $1 AND id = $2`,
);
const countStates = statement<StateCountRow & { readonly message_id: string }>(
  "count_states",
  `SELECT k.message_id, d.state, d.count
   FROM unnest($1::text[], $2::text[], $3::text[]) AS k (message_id, from_id, until_id)
   CROSS JOIN LATERAL (
     SELECT state, count(*) AS count FROM deliveries WHERE id >= k.from_id AND id < k.until_id GROUP BY state) AS d`,
);
const findDeliveries = statement<DeliveryViewRow>(
  "find_deliveries",
  `SELECT d.id, d.recipient, d.state, d.code, d.reason, d.gateway_id, d.encoding, d.segment_count, d.submit_time,
     d.final_time, d.done_time, d.attempt_count, a.encoding AS attempt_encoding, a.segment_count AS attempt_segment_count
   FROM deliveries d LEFT JOIN LATERAL (
     SELECT encoding, segment_count FROM attempts WHERE delivery_id = d.id AND number = d.attempt_count LIMIT 1) AS a ON true
   WHERE d.id > $1 AND d.id < $2 ORDER BY d.id LIMIT $3`,
);
// Fenced attempts have negative numbers; each side walks the key from its end.
const findAttempts = statement<AttemptViewRow & { readonly delivery_id: DeliveryId }>(
  "find_attempts_shown",
  `SELECT a.* FROM unnest($1::text[]) AS k (id) CROSS JOIN LATERAL (
     (SELECT ${attemptColumns} FROM attempts WHERE delivery_id = k.id AND number > 0
      ORDER BY number DESC LIMIT ${maxAttemptsShown})
     UNION ALL
     (SELECT ${attemptColumns} FROM attempts WHERE delivery_id = k.id AND number < 0
      ORDER BY number LIMIT ${maxAttemptsShown})) AS a`,
);
const findParts = statement<{ readonly delivery_id: DeliveryId; readonly parts: string }>(
  "find_last_parts",
  `SELECT k.id AS delivery_id, a.parts FROM unnest($1::text[], $2::integer[]) AS k (id, number) CROSS JOIN LATERAL (
     SELECT parts FROM attempts WHERE delivery_id = k.id AND number = k.number LIMIT 1) AS a`,
);
const findStates = statement<{ id: DeliveryId; state: number }>(
  "find_states",
  "SELECT id, state FROM deliveries WHERE id = ANY($1::text[])",
);
const listAll = statement<MessageViewRow>(
  "list_messages",
  `SELECT ${viewColumns} FROM messages
   WHERE account_id = $1 AND id < $2 AND id >= $3 AND accept_time >= $4 AND accept_time < $5
   ORDER BY id DESC LIMIT $6`,
);
const listByReference = statement<MessageViewRow>(
  "list_messages_by_reference",
  `SELECT ${viewColumns} FROM messages
   WHERE account_id = $1 AND id < $2 AND id >= $3 AND accept_time >= $4 AND accept_time < $5 AND client_reference = $7
   ORDER BY id DESC LIMIT $6`,
);

const findFloor = statement<{ id: MessageId }>(
  "find_list_floor",
  `SELECT id FROM messages WHERE account_id = $1 AND id < $2 AND id >= $3
   ORDER BY id DESC LIMIT 1 OFFSET ${mostLookedAt - 1}`,
);
const findReferenceFloor = statement<{ id: MessageId }>(
  "find_reference_floor",
  `SELECT id FROM messages WHERE account_id = $1 AND id < $2 AND id >= $3 AND client_reference = $4
   ORDER BY id DESC LIMIT 1 OFFSET ${mostLookedAt - 1}`,
);

export async function readStatus(
  connection: Connection,
  { accountId, messageId, page }: StatusQuery,
): Promise<StatusPage | undefined> {
  const [from, until] = keysOf(messageId);
  const after = page.afterPosition < 0 ? from : deliveryIdOf(messageId, page.afterPosition);
  const [messages, found, counts] = await Promise.all([
    connection.all(findMessage, accountId, messageId),
    connection.all(findDeliveries, after, until, page.limit + 1),
    connection.all(countStates, [messageId], [from], [until]),
  ]);
  const row = first(messages);
  if (row === undefined) return undefined;
  const wanted = found.slice(0, page.limit);
  const attempts = page.view === "FULL" ? await readAttempts(connection, wanted) : wanted.map(() => []);
  const deliveries = wanted.slice(0, attempts.length);
  const last = deliveries.at(-1);
  const hasMore = found.length > deliveries.length && last !== undefined;
  const carriers = await readCarriers(connection, deliveries);
  const message = { ...plainMessage(row), recipient_outcomes: row.recipient_outcomes };
  return statusPageOf({
    message,
    counts,
    deliveries: deliveries.map((delivery) => ({ ...delivery, carrier: carriers.get(delivery.id) ?? null })),
    attempts,
    nextPosition: hasMore ? positionOf(last.id) : undefined,
  });
}

export async function listMessages(
  connection: Connection,
  { accountId, filter, page }: ListQuery,
): Promise<MessagePage> {
  const { clientReference, acceptedFromMs, acceptedUntilMs } = filter;
  const [before, lowest, fromMs, untilMs] = listBounds(filter, page.before);
  const reference = clientReference === undefined ? [] : [packText(clientReference)];
  const [findOldest, list] =
    clientReference === undefined ? [findFloor, listAll] : [findReferenceFloor, listByReference];
  const isByTime = acceptedFromMs !== undefined || acceptedUntilMs !== undefined;
  const floor = isByTime
    ? first(await connection.all(findOldest, accountId, before, lowest, ...reference))?.id
    : undefined;
  const bounds = [before, floor ?? lowest, fromMs, untilMs, page.limit + 1] as const;
  const found = await connection.all(list, accountId, ...bounds, ...reference);
  const { rows, next } = cutList(found, page.limit, floor);
  const counts = await countAll(connection, rows);
  return messagePageOf({ rows: rows.map(plainMessage), counts, next });
}

export async function readStates(
  connection: Connection,
  ids: readonly DeliveryId[],
): Promise<readonly (DeliveryState | undefined)[]> {
  const rows = await connection.all(findStates, ids);
  const states = new Map(rows.map(({ id, state }) => [id, stateOf(state)]));
  return ids.map((id) => states.get(id));
}

async function countAll(
  connection: Connection,
  rows: readonly MessageViewRow[],
): Promise<readonly (readonly StateCountRow[])[]> {
  if (rows.length === 0) return [];
  const keys = rows.map(({ id }) => keysOf(id));
  const counted = await connection.all(
    countStates,
    rows.map(({ id }) => id),
    keys.map(([from]) => from),
    keys.map(([, until]) => until),
  );
  const byMessage = Map.groupBy(counted, ({ message_id }) => message_id);
  return rows.map(({ id }) => byMessage.get(id) ?? []);
}

/** What receipts told of those that were submitted; read in stretches, since the parts of a page may be many and long. */
async function readCarriers(
  connection: Connection,
  deliveries: readonly DeliveryViewRow[],
): Promise<ReadonlyMap<DeliveryId, string | null>> {
  const carriers = new Map<DeliveryId, string | null>();
  const submitted = deliveries.filter(({ submit_time }) => submit_time !== null);
  for (let start = 0, end = 0; start < submitted.length; start = end) {
    for (let octets = 0; end < submitted.length && octets < maxPageOctets; end++)
      octets += (submitted[end]?.attempt_segment_count ?? 1) * octetsOfPart;
    const stretch = submitted.slice(start, end);
    const rows = await connection.all(
      findParts,
      stretch.map(({ id }) => id),
      stretch.map(({ attempt_count }) => attempt_count),
    );
    for (const { delivery_id, parts } of rows) carriers.set(delivery_id, carrierOf(parts));
  }
  return carriers;
}

/** A part with its receipt, about. */
const octetsOfPart = 150;

/** The newest attempts of each delivery, newest first, of as many deliveries as fill a page; read in stretches that are about a page. */
async function readAttempts(
  connection: Connection,
  deliveries: readonly DeliveryViewRow[],
): Promise<readonly (readonly AttemptViewRow[])[]> {
  const pages: (readonly AttemptViewRow[])[] = [];
  let octets = 0;
  while (pages.length < deliveries.length) {
    const ids: DeliveryId[] = [];
    for (let expected = octets; pages.length + ids.length < deliveries.length; ) {
      const next = deliveries[pages.length + ids.length];
      if (next === undefined || (ids.length > 0 && expected > maxPageOctets)) break;
      ids.push(next.id);
      const shown = Math.min(maxAttemptsShown, next.attempt_count);
      expected += shown * (next.attempt_segment_count ?? next.segment_count) * octetsOfPart;
    }
    const byDelivery = Map.groupBy(await connection.all(findAttempts, ids), ({ delivery_id }) => delivery_id);
    for (const id of ids) {
      const attempts = (byDelivery.get(id) ?? [])
        .sort((a, b) => Math.abs(b.number) - Math.abs(a.number) || b.number - a.number)
        .slice(0, maxAttemptsShown);
      octets += octetsOf(attempts);
      if (octets > maxPageOctets && pages.length > 0) return pages;
      pages.push(attempts);
    }
  }
  return pages;
}

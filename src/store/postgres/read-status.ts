/** Reading a message with a page of its deliveries, the list of an account's messages, and bare states. */
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
import { packText } from "./pack-text.ts";
import { plainMessage } from "./plain-message.ts";
import { type Connection, first, statement } from "./statement.ts";

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

const viewColumns = `${messageColumns}, delivery_count, recipient_outcomes`;

const findMessage = statement<MessageViewRow>(
  "find_message",
  `SELECT ${viewColumns} FROM messages WHERE account_id = $1 AND id = $2`,
);
const countStates = statement<{ message_id: string; state: number; count: number }>(
  "count_states",
  `SELECT k.message_id, d.state, d.count
   FROM unnest($1::text[], $2::text[], $3::text[]) AS k (message_id, from_id, until_id)
   CROSS JOIN LATERAL (
     SELECT state, count(*) AS count FROM deliveries WHERE id >= k.from_id AND id < k.until_id GROUP BY state) AS d`,
);
const findDeliveries = statement<DeliveryViewRow>(
  "find_deliveries",
  `SELECT d.id, d.recipient, d.state, d.code, d.reason, d.gateway_id, d.encoding, d.segment_count, d.submit_time,
     d.final_time, d.attempt_count, a.encoding AS attempt_encoding, a.segment_count AS attempt_segment_count
   FROM deliveries d LEFT JOIN LATERAL (
     SELECT encoding, segment_count FROM attempts WHERE delivery_id = d.id AND number = d.attempt_count LIMIT 1) AS a ON true
   WHERE d.id > $1 AND d.id < $2 ORDER BY d.id LIMIT $3`,
);
const findAttempts = statement<AttemptViewRow & { readonly delivery_id: DeliveryId }>(
  "find_attempts_shown",
  `SELECT a.* FROM unnest($1::text[]) AS k (id)
   CROSS JOIN LATERAL (
     SELECT delivery_id, number, gateway_id, start_time, end_time, outcome, encoding, segment_count, reference, parts, trace
     FROM attempts WHERE delivery_id = k.id ORDER BY abs(number) DESC, number DESC LIMIT ${maxAttemptsShown}) AS a`,
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

export async function readStatus(
  connection: Connection,
  { accountId, messageId, page }: StatusQuery,
): Promise<StatusPage | undefined> {
  const [from, until] = keysOf(messageId);
  const after = page.afterPosition < 0 ? from : deliveryIdOf(messageId, page.afterPosition);
  const [messages, rows] = await Promise.all([
    connection.all(findMessage, accountId, messageId),
    connection.all(findDeliveries, after, until, page.limit + 1),
  ]);
  const message = first(messages);
  if (message === undefined) return undefined;
  const shown = rows.slice(0, page.limit);
  const last = shown.at(-1);
  const attempts =
    page.view === "FULL"
      ? await readAttempts(
          connection,
          shown.map(({ id }) => id),
        )
      : undefined;
  const [view] = await viewsOf(connection, [message]);
  if (view === undefined) return undefined;
  return {
    ...view,
    deliveries: shown.map((row) => deliveryViewOf(row, attempts?.get(row.id) ?? [])),
    nextPosition: rows.length > shown.length && last !== undefined ? positionOf(last.id) : undefined,
  };
}

export async function listMessages(
  connection: Connection,
  { accountId, filter, page }: ListQuery,
): Promise<readonly MessageView[]> {
  const common = [accountId, ...listBounds(filter, page.before), page.limit] as const;
  const { clientReference } = filter;
  const rows =
    clientReference === undefined
      ? await connection.all(listAll, ...common)
      : await connection.all(listByReference, ...common, packText(clientReference));
  return await viewsOf(connection, rows);
}

export async function readStates(
  connection: Connection,
  ids: readonly DeliveryId[],
): Promise<readonly (DeliveryState | undefined)[]> {
  const rows = await connection.all(findStates, ids);
  const states = new Map(rows.map(({ id, state }) => [id, stateOf(state)]));
  return ids.map((id) => states.get(id));
}

async function viewsOf(
  connection: Connection,
  rows: readonly MessageViewRow[],
): Promise<readonly MessageView[]> {
  if (rows.length === 0) return [];
  const keys = rows.map(({ id }) => keysOf(id));
  const counted = await connection.all(
    countStates,
    rows.map(({ id }) => id),
    keys.map(([from]) => from),
    keys.map(([, until]) => until),
  );
  return rows.map((row) =>
    messageViewOf(
      plainMessage(row),
      counted.filter(({ message_id }) => message_id === row.id),
    ),
  );
}

/** The newest attempts of each delivery, oldest first. */
async function readAttempts(
  connection: Connection,
  ids: readonly DeliveryId[],
): Promise<ReadonlyMap<DeliveryId, readonly AttemptView[]>> {
  const attempts = new Map<DeliveryId, AttemptView[]>();
  for (const row of await connection.all(findAttempts, ids)) {
    const known = attempts.get(row.delivery_id);
    if (known === undefined) attempts.set(row.delivery_id, [attemptViewOf(row)]);
    else known.unshift(attemptViewOf(row));
  }
  return attempts;
}

/** What cleaning does with messages that have been final for long enough: first their bodies are erased, later they are deleted. */
import type { AccountId, DeliveryId, MessageId } from "../../domain/ids.ts";
import type { Retention } from "../cleaning.ts";
import { keysOf } from "../status-rows.ts";
import { type Connection, first, statement } from "./statement.ts";

/** A message whose deliveries are all final. */
export interface EndedMessage {
  readonly account_id: AccountId;
  readonly id: MessageId;
  readonly deliveryCount: number;
  /** When the last one became final; null where it has none. */
  readonly lastFinalMs: number | null;
}

export interface Stage {
  readonly name: string;
  /** Whether it has anything to do by these settings; always where absent. */
  readonly isWanted?: (retention: Retention) => boolean;
  /** How long after the last final state. */
  readonly age: (retention: Retention) => number;
  /** Rows that one message takes, about. */
  readonly rowsOf: (message: Pick<EndedMessage, "deliveryCount">) => number;
  /** Tells which of these accounts' messages may go now, whatever their age. */
  readonly findFree: (
    connection: Connection,
    accounts: readonly AccountId[],
  ) => Promise<(message: EndedMessage) => boolean>;
  /** Does it; answers the rows. */
  readonly act: (connection: Connection, messages: readonly EndedMessage[]) => Promise<number>;
  /** Does a part of what takes more than `limit` rows; answers the rows. */
  readonly actPartly: (connection: Connection, message: EndedMessage, limit: number) => Promise<number>;
}

const erase = statement(
  "erase_bodies",
  `UPDATE messages AS m SET text = NULL, data = NULL, udh = NULL
   FROM unnest($1::text[], $2::text[]) AS k (account_id, id)
   WHERE m.account_id = k.account_id AND m.id = k.id AND (m.text IS NOT NULL OR m.data IS NOT NULL)`,
);

export const eraseStage: Stage = {
  name: "bodies",
  age: ({ bodiesMs }) => bodiesMs,
  rowsOf: () => 1,
  findFree: () => Promise.resolve(() => true),
  act: (connection, messages) => connection.run(erase, ...namesOf(messages)),
  actPartly: (connection, message) => eraseStage.act(connection, [message]),
};

/** Reports carry the later of their own time and that of the report before; they are this near to the final state. */
const reportSlackMs = 10 * 60_000;

const oldestReports = statement<{ account_id: AccountId; time: number }>(
  "oldest_report_times",
  `SELECT k.account_id, r.time FROM unnest($1::text[]) AS k (account_id)
   CROSS JOIN LATERAL (SELECT oldest FROM report_counters WHERE account_id = k.account_id LIMIT 1) AS c
   CROSS JOIN LATERAL (
     SELECT time FROM reports WHERE account_id = k.account_id AND number = c.oldest ORDER BY number LIMIT 1) AS r`,
);
const findCut = statement<{ id: DeliveryId }>(
  "find_deletion_cut",
  "SELECT id FROM deliveries WHERE id >= $1 AND id < $2 ORDER BY id OFFSET $3 LIMIT 1",
);
const removeAttempts = statement(
  "delete_attempts",
  `DELETE FROM attempts AS a USING unnest($1::text[], $2::text[]) AS k (from_id, until_id)
   WHERE a.delivery_id >= k.from_id AND a.delivery_id < k.until_id`,
);
const removeDeliveries = statement(
  "delete_deliveries",
  `DELETE FROM deliveries AS d USING unnest($1::text[], $2::text[]) AS k (from_id, until_id)
   WHERE d.id >= k.from_id AND d.id < k.until_id`,
);
const removeMessages = statement(
  "delete_messages",
  `DELETE FROM messages AS m USING unnest($1::text[], $2::text[]) AS k (account_id, id)
   WHERE m.account_id = k.account_id AND m.id = k.id`,
);

export const deleteStage: Stage = {
  name: "messages",
  age: ({ messagesMs, reportsMs }) => Math.max(messagesMs, reportsMs),
  // A delivery goes with its attempts, of which there is mostly one.
  rowsOf: ({ deliveryCount }) => 2 * deliveryCount + 1,
  // A report is read together with its delivery, which therefore outlives it.
  findFree: async (connection, accounts) => {
    const found = await connection.all(oldestReports, accounts);
    const oldest = new Map(found.map(({ account_id, time }) => [account_id, time]));
    return ({ account_id, lastFinalMs }) => {
      const oldestMs = oldest.get(account_id);
      return oldestMs === undefined || lastFinalMs === null || lastFinalMs + reportSlackMs < oldestMs;
    };
  },
  act: async (connection, messages) => {
    const ranges = messages.map(({ id }) => keysOf(id));
    const removed = await Promise.all([
      removeRanges(connection, ranges),
      connection.run(removeMessages, ...namesOf(messages)),
    ]);
    return removed[0] + removed[1];
  },
  actPartly: async (connection, { id }, limit) => {
    const [from, until] = keysOf(id);
    const cut = first(await connection.all(findCut, from, until, Math.max(1, limit >> 1)));
    return removeRanges(connection, [[from, cut?.id ?? until]]);
  },
};

async function removeRanges(
  connection: Connection,
  ranges: readonly (readonly [from: string, until: string])[],
): Promise<number> {
  const keys = [ranges.map(([from]) => from), ranges.map(([, until]) => until)] as const;
  const removed = await Promise.all([
    connection.run(removeAttempts, ...keys),
    connection.run(removeDeliveries, ...keys),
  ]);
  return removed[0] + removed[1];
}

function namesOf(messages: readonly EndedMessage[]): readonly [readonly AccountId[], readonly MessageId[]] {
  return [messages.map(({ account_id }) => account_id), messages.map(({ id }) => id)];
}

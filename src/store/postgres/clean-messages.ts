/**
 * Erases bodies and deletes messages some time after their last delivery became final. A mark by stage and account walks through the
 * messages in the order of their ids; one that is not due when the mark passes it is noted with the time to come back. So no row is
 * looked at again and again, and accepting keeps no index for it.
 */
import type { AccountId, MessageId } from "../../domain/ids.ts";
import { keysOf } from "../status-rows.ts";
import type { Retention } from "../store.ts";
import type { CleanStep } from "./clean.ts";
import { type Connection, first, statement } from "./statement.ts";

interface Stage {
  readonly name: string;
  /** How long after the last final state. */
  readonly age: (retention: Retention) => number;
  /** Whether it may go now, seen from its last final state. */
  readonly isFree: (connection: Connection, accountId: AccountId, lastFinalMs: number) => Promise<boolean>;
  /** Does it, at most `limit` rows; answers the rows. Done for good once it answers fewer than `limit`. */
  readonly act: (
    connection: Connection,
    accountId: AccountId,
    messageId: MessageId,
    limit: number,
  ) => Promise<number>;
}

interface Candidate {
  readonly account_id: AccountId;
  readonly id: MessageId;
}

const recheckMs = 3_600_000;
/** Reports carry the later of their own time and that of the report before; they are this near to the final state. */
const reportSlackMs = 10 * 60_000;

const erase = statement(
  "erase_body",
  "UPDATE messages SET text = NULL, data = NULL, udh = NULL WHERE account_id = $1 AND id = $2",
);

const eraseStage: Stage = {
  name: "bodies",
  age: ({ bodiesMs }) => bodiesMs,
  isFree: () => Promise.resolve(true),
  act: (connection, accountId, messageId) => connection.run(erase, accountId, messageId),
};

const oldestReport = statement<{ time: number }>(
  "oldest_report_time",
  `SELECT r.time FROM report_counters c JOIN reports r ON r.account_id = c.account_id AND r.number = c.oldest
   WHERE c.account_id = $1`,
);
const findDeliveries = statement<{ id: string }>(
  "find_deliveries_to_delete",
  "SELECT id FROM deliveries WHERE id >= $1 AND id < $2 ORDER BY id LIMIT $3",
);
const removeAttempts = statement(
  "delete_attempts",
  "DELETE FROM attempts WHERE delivery_id = ANY($1::text[])",
);
const removeDeliveries = statement("delete_deliveries", "DELETE FROM deliveries WHERE id = ANY($1::text[])");
const removeMessage = statement("delete_message", "DELETE FROM messages WHERE account_id = $1 AND id = $2");

const deleteStage: Stage = {
  name: "messages",
  age: ({ messagesMs, reportsMs }) => Math.max(messagesMs, reportsMs),
  // A report is read together with its delivery, which therefore outlives it.
  isFree: async (connection, accountId, lastFinalMs) => {
    const oldestMs = first(await connection.all(oldestReport, accountId))?.time;
    return oldestMs === undefined || lastFinalMs + reportSlackMs < oldestMs;
  },
  act: async (connection, accountId, messageId, limit) => {
    // A delivery goes with its attempts, of which there is mostly one.
    const most = Math.max(1, limit >> 1);
    const found = await connection.all(findDeliveries, ...keysOf(messageId), most);
    const ids = found.map(({ id }) => id);
    const attempts = await connection.run(removeAttempts, ids);
    const rows = attempts + (await connection.run(removeDeliveries, ids));
    if (ids.length === most) return Math.max(rows, limit);
    return rows + (await connection.run(removeMessage, accountId, messageId));
  },
};

export const cleanMessages: readonly CleanStep[] = [eraseStage, deleteStage].map(createStageStep);

// The first message behind the mark tells whether an account has anything due: one look into the index for each.
const findAccounts = statement<{ account_id: AccountId; mark: MessageId }>(
  "find_accounts_to_clean",
  `SELECT a.account_id, a.mark FROM (
     SELECT c.account_id, coalesce(k.message_id, '') AS mark
     FROM report_counters c LEFT JOIN cleaning_marks k ON k.stage = $1 AND k.account_id = c.account_id) AS a
   WHERE (
     SELECT m.accept_time FROM messages m WHERE m.account_id = a.account_id AND m.id > a.mark ORDER BY m.id LIMIT 1
   ) <= $2
   ORDER BY a.account_id LIMIT 100`,
);
const findLate = statement<Candidate & { readonly due_time: number }>(
  "find_late_messages",
  `SELECT account_id, message_id AS id, due_time FROM late_messages
   WHERE stage = $1 AND due_time <= $2 ORDER BY due_time, account_id, message_id LIMIT $3`,
);
const forgetLate = statement(
  "forget_late_message",
  "DELETE FROM late_messages WHERE stage = $1 AND due_time = $2 AND account_id = $3 AND message_id = $4",
);
const noteLate = statement(
  "note_late_message",
  `INSERT INTO late_messages (stage, due_time, account_id, message_id) VALUES ($1, $2, $3, $4)
   ON CONFLICT (stage, due_time, account_id, message_id) DO NOTHING`,
);
const setMark = statement(
  "set_cleaning_mark",
  `INSERT INTO cleaning_marks (stage, account_id, message_id) VALUES ($1, $2, $3)
   ON CONFLICT (stage, account_id) DO UPDATE SET message_id = excluded.message_id`,
);
const findNext = statement<Candidate & { readonly accept_time: number }>(
  "find_messages_to_clean",
  "SELECT account_id, id, accept_time FROM messages WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3",
);
const findEnd = statement<{ open: number; last: number | null }>(
  "find_last_final",
  `SELECT count(*) - count(final_time) AS open, max(final_time) AS last FROM deliveries WHERE id >= $1 AND id < $2`,
);

function createStageStep(stage: Stage): CleanStep {
  /** When to come back to a message that cannot go now; undefined where it can. */
  async function lateUntil(
    connection: Connection,
    { account_id, id }: Candidate,
    nowMs: number,
    ageMs: number,
  ): Promise<number | undefined> {
    const { open, last } = first(await connection.all(findEnd, ...keysOf(id))) ?? { open: 0, last: null };
    if (open > 0) return nowMs + recheckMs;
    if (last === null) return undefined;
    if (last + ageMs > nowMs) return last + ageMs;
    return (await stage.isFree(connection, account_id, last)) ? undefined : nowMs + recheckMs;
  }

  return async (connection, { nowMs, retention, limit }) => {
    const ageMs = stage.age(retention);
    let rows = 0;
    let seen = 0;
    /** Answers whether the message is done with: gone, or noted for later. */
    const handle = async (candidate: Candidate): Promise<boolean> => {
      seen += 1;
      const { account_id, id } = candidate;
      const laterMs = await lateUntil(connection, candidate, nowMs, ageMs);
      if (laterMs !== undefined) {
        await connection.run(noteLate, stage.name, laterMs, account_id, id);
        return true;
      }
      const room = limit - rows;
      const acted = await stage.act(connection, account_id, id, room);
      rows += acted;
      return acted < room || stage.name === "bodies";
    };
    for (const late of await connection.all(findLate, stage.name, nowMs, limit)) {
      if (rows >= limit) break;
      if (await handle(late)) {
        await connection.run(forgetLate, stage.name, late.due_time, late.account_id, late.id);
      }
    }
    for (const { account_id, mark } of await connection.all(findAccounts, stage.name, nowMs - ageMs)) {
      if (rows >= limit || seen >= limit) break;
      let passed: MessageId | undefined;
      for (const next of await connection.all(findNext, account_id, mark, limit - rows)) {
        if (next.accept_time + ageMs > nowMs || rows >= limit) break;
        if (!(await handle(next))) break;
        passed = next.id;
      }
      if (passed !== undefined) await connection.run(setMark, stage.name, account_id, passed);
    }
    return seen === 0 ? undefined : { rows, hasMore: true };
  };
}

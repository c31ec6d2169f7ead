/**
 * Erases bodies and deletes messages some time after their last delivery became final. A mark by stage and account walks through the
 * messages in the order of their ids; one that is not due when the mark passes it is noted with the time to come back. So no row is
 * looked at again and again, and accepting keeps no index for it.
 */
import type { DatabaseSync } from "node:sqlite";
import type { AccountId, DeliveryId, MessageId } from "../../domain/ids.ts";
import { afterLateCommits } from "../clean-again.ts";
import type { Retention } from "../cleaning.ts";
import { keysOf } from "../status-rows.ts";
import { createRemoveWithIds } from "./clean-smsc-ids.ts";
import type { CleanStep } from "./clean-step.ts";
import type { SmscIds } from "./smsc-ids.ts";
import { prepare } from "./statement.ts";

interface Stage {
  readonly name: string;
  /** Whether it has anything to do by these settings; always where absent. */
  readonly isWanted?: (retention: Retention) => boolean;
  /** How long after the last final state. */
  readonly age: (retention: Retention) => number;
  /** Whether it may go now, seen from its last final state. */
  readonly isFree: (accountId: AccountId, lastFinalMs: number) => boolean;
  /** Whether `act` never leaves a part of a message behind. */
  readonly isWhole: boolean;
  /** Does it, at most `limit` rows; answers the rows. Done for good once it answers fewer than `limit`. */
  readonly act: (accountId: AccountId, messageId: MessageId, limit: number) => number;
}

interface Candidate {
  readonly account_id: AccountId;
  readonly id: MessageId;
}

const recheckMs = 3_600_000;
/** Reports carry the later of their own time and that of the report before; they are this near to the final state. */
const reportSlackMs = 10 * 60_000;

export function createCleanMessages(db: DatabaseSync, smscIds: SmscIds): readonly CleanStep[] {
  const stages = [createEraseStage(db), createDeleteStage(db, smscIds)];
  return stages
    .flatMap((stage) => [stage, afterLateCommits(stage)])
    .map((stage) => createStageStep(db, stage));
}

function createEraseStage(db: DatabaseSync): Stage {
  const erase = prepare(
    db,
    `UPDATE messages SET text = NULL, data = NULL, udh = NULL
     WHERE account_id = ? AND id = ? AND (text IS NOT NULL OR data IS NOT NULL)`,
  );
  return {
    name: "bodies",
    age: ({ bodiesMs }) => bodiesMs,
    isFree: () => true,
    isWhole: true,
    act: (accountId, messageId) => erase.run(accountId, messageId),
  };
}

function createDeleteStage(db: DatabaseSync, smscIds: SmscIds): Stage {
  const oldestReport = prepare<{ time: number }>(
    db,
    "SELECT time FROM reports WHERE account_id = ? ORDER BY number LIMIT 1",
  );
  const findDeliveries = prepare<{ id: DeliveryId }>(
    db,
    "SELECT id FROM deliveries WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
  );
  const removeAttempts = prepare(db, "DELETE FROM attempts WHERE delivery_id = ?");
  const removeDelivery = prepare(db, "DELETE FROM deliveries WHERE id = ?");
  const remove = createRemoveWithIds(db, smscIds, (id) => removeAttempts.run(id) + removeDelivery.run(id));
  const removeMessage = prepare(db, "DELETE FROM messages WHERE account_id = ? AND id = ?");
  return {
    name: "messages",
    age: ({ messagesMs, reportsMs }) => Math.max(messagesMs, reportsMs),
    // A report is read together with its delivery, which therefore outlives it.
    isFree: (accountId, lastFinalMs) => {
      const oldestMs = oldestReport.get(accountId)?.time;
      return oldestMs === undefined || lastFinalMs + reportSlackMs < oldestMs;
    },
    isWhole: false,
    act: (accountId, messageId, limit) => {
      let rows = 0;
      for (const { id } of findDeliveries.all(...keysOf(messageId), limit)) {
        rows += remove(id);
        if (rows >= limit) return rows;
      }
      return rows + removeMessage.run(accountId, messageId);
    },
  };
}

function createStageStep(db: DatabaseSync, stage: Stage): CleanStep {
  const accounts = prepare<{ account_id: AccountId }>(
    db,
    "SELECT account_id FROM report_counters ORDER BY account_id",
  );
  const findLate = prepare<Candidate & { readonly due_time: number }>(
    db,
    `SELECT account_id, message_id AS id, due_time FROM late_messages
     WHERE stage = ? AND due_time <= ? ORDER BY due_time, account_id, message_id LIMIT ?`,
  );
  const forgetLate = prepare(
    db,
    "DELETE FROM late_messages WHERE stage = ? AND due_time = ? AND account_id = ? AND message_id = ?",
  );
  const noteLate = prepare(
    db,
    "INSERT INTO late_messages (stage, due_time, account_id, message_id) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
  );
  const findMark = prepare<{ message_id: MessageId }>(
    db,
    "SELECT message_id FROM cleaning_marks WHERE stage = ? AND account_id = ?",
  );
  const setMark = prepare(
    db,
    "INSERT OR REPLACE INTO cleaning_marks (stage, account_id, message_id) VALUES (?, ?, ?)",
  );
  const findNext = prepare<Candidate & { readonly accept_time: number }>(
    db,
    "SELECT account_id, id, accept_time FROM messages WHERE account_id = ? AND id > ? ORDER BY id LIMIT ?",
  );
  const findEnd = prepare<{ open: number; last: number | null }>(
    db,
    `SELECT count(*) - count(final_time) AS open, max(final_time) AS last FROM deliveries WHERE id >= ? AND id < ?`,
  );

  /** When to come back to a message that cannot go now; undefined where it can. */
  function lateUntil({ account_id, id }: Candidate, nowMs: number, ageMs: number): number | undefined {
    const { open, last } = findEnd.get(...keysOf(id)) ?? { open: 0, last: null };
    if (open > 0) return nowMs + recheckMs;
    if (last === null) return undefined;
    if (last + ageMs > nowMs) return last + ageMs;
    return stage.isFree(account_id, last) ? undefined : nowMs + recheckMs;
  }

  return (_tx, { nowMs, retention, limit }) => {
    if (stage.isWanted?.(retention) === false) return undefined;
    const ageMs = stage.age(retention);
    let rows = 0;
    let seen = 0;
    /** Answers whether the message is done with: gone, or noted for later. */
    const handle = (candidate: Candidate): boolean => {
      seen += 1;
      const laterMs = lateUntil(candidate, nowMs, ageMs);
      if (laterMs !== undefined) {
        noteLate.run(stage.name, laterMs, candidate.account_id, candidate.id);
        return true;
      }
      const room = limit - rows;
      const acted = stage.act(candidate.account_id, candidate.id, room);
      rows += acted;
      return acted < room || stage.isWhole;
    };
    for (const late of findLate.all(stage.name, nowMs, limit)) {
      if (rows >= limit) break;
      if (handle(late)) forgetLate.run(stage.name, late.due_time, late.account_id, late.id);
    }
    for (const { account_id } of accounts.all()) {
      if (rows >= limit || seen >= limit) break;
      const mark = findMark.get(stage.name, account_id)?.message_id ?? "";
      let passed: MessageId | undefined;
      for (const next of findNext.all(account_id, mark, limit - rows)) {
        if (next.accept_time + ageMs > nowMs || rows >= limit) break;
        if (!handle(next)) break;
        passed = next.id;
      }
      if (passed !== undefined) setMark.run(stage.name, account_id, passed);
    }
    return seen === 0 ? undefined : { rows, hasMore: true };
  };
}

/**
 * The last statements of a writing transaction: they advance the counters of the accounts concerned and insert their reports with
 * consecutive numbers. So number order is commit order, and a reader can prove that it has no gap.
 */
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { AccountId, MessageId } from "../../domain/ids.ts";
import { stateCodes } from "../codes.ts";
import {
  type AppendedReports,
  createFreshRows,
  type FollowedAccounts,
  type FreshRows,
  type MessageShown,
  messagesOf,
} from "../fresh-reports.ts";
import type { PendingReport } from "../pending-report.ts";
import { prepare } from "./statement.ts";

const columns = 5;
/** Rows of one statement: a report takes 0.9 to 1.5 µs so, and 2 to 3 by itself. */
const blockRows = 16;
const blockValues = blockRows * columns;

export function createAppendReports(db: DatabaseSync, followed: FollowedAccounts) {
  // Times never go back within an account, so that a start time is found by bisection.
  const advance = prepare<{ last: number; last_time: number }>(
    db,
    `INSERT INTO report_counters (account_id, last, last_time) VALUES (?, ?, ?)
     ON CONFLICT (account_id) DO UPDATE SET
       last = last + excluded.last, last_time = max(last_time, excluded.last_time)
     RETURNING last, last_time`,
  );
  const lastTime = prepare<{ last_time: number }>(
    db,
    "SELECT last_time FROM report_counters WHERE account_id = ?",
  );
  const insertOf = (count: number) =>
    prepare(
      db,
      `INSERT INTO reports (account_id, number, time, state, delivery_id)
       VALUES ${Array.from({ length: count }, () => "(?, ?, ?, ?, ?)").join(", ")}`,
    );
  const insertOne = insertOf(1);
  const insertBlock = insertOf(blockRows);

  const findMessage = prepare<MessageShown>(
    db,
    "SELECT client_reference, metadata, accept_time, sender FROM messages WHERE account_id = ? AND id = ?",
  );

  /** Undefined where nobody follows or something is not at hand. */
  function beginFresh(
    accountId: AccountId,
    first: number,
    pending: readonly PendingReport[],
  ): FreshRows | undefined {
    if (!followed.has(accountId)) return undefined;
    const mask = followed.maskOf(accountId);
    const ids = messagesOf(pending, mask);
    if (ids === undefined) return undefined;
    const messages = new Map<MessageId, MessageShown>();
    for (const id of ids) {
      const message = findMessage.get(accountId, id);
      if (message !== undefined) messages.set(id, message);
    }
    return createFreshRows(first, mask, messages);
  }

  return function appendReports(pending: readonly PendingReport[]): AppendedReports {
    if (pending.length === 0) return [];
    const byAccount = new Map<AccountId, PendingReport[]>();
    for (const report of pending) {
      const known = byAccount.get(report.accountId);
      if (known === undefined) byAccount.set(report.accountId, [report]);
      else known.push(report);
    }
    const accounts = [...byAccount].sort(([left], [right]) => (left < right ? -1 : 1));
    return accounts.map(([accountId, reports]) => {
      let timeMs = lastTime.get(accountId)?.last_time ?? 0;
      const latestMs = reports.reduce((latest, report) => Math.max(latest, report.timeMs), 0);
      const last = advance.get(accountId, reports.length, latestMs)?.last ?? reports.length;
      let number = last - reports.length;
      const fresh = beginFresh(accountId, number + 1, reports);
      const values: SQLInputValue[] = [];
      for (const report of reports) {
        number += 1;
        timeMs = Math.max(timeMs, report.timeMs);
        values.push(accountId, number, timeMs, stateCodes[report.state], report.deliveryId);
        fresh?.add(report, number, timeMs);
      }
      const ofBlocks = values.length - (values.length % blockValues);
      for (let at = 0; at < ofBlocks; at += blockValues)
        insertBlock.run(...values.slice(at, at + blockValues));
      for (let at = ofBlocks; at < values.length; at += columns)
        insertOne.run(...values.slice(at, at + columns));
      return fresh === undefined ? { accountId, last } : { accountId, last, fresh: fresh.end() };
    });
  };
}

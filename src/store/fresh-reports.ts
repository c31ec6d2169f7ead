/**
 * Reports as rows on their way out of the transaction that appends them, as reading would join them. Only for accounts that somebody follows,
 * and only where the steps had at hand what every report that is wanted shows of its delivery; else they are read as any others. The
 * columns of their messages are the store's to read: remembered from acceptance they cost more in garbage collection than that.
 */
import { type AccountId, type MessageId, messageIdOf } from "../domain/ids.ts";
import { stateCodes } from "./codes.ts";
import type { PackedRow, PackedScan } from "./packed-scan.ts";
import type { PendingReport } from "./pending-report.ts";
import type { ReportRow } from "./report-row.ts";

/** What a report shows of its message. */
export type MessageShown = Pick<ReportRow, "client_reference" | "metadata" | "accept_time" | "sender">;

/** The reports of one account in one commit. */
export interface FreshReports {
  /** The number of the first one, wanted or not. */
  readonly first: number;
  /** The states of which all are there, by `maskOf`. */
  readonly mask: number;
  /** Ascending. */
  readonly rows: PackedScan;
}

/** An account, the number of its last report, and its new reports where they are followed and at hand. */
export type AppendedReports = readonly {
  readonly accountId: AccountId;
  readonly last: number;
  readonly fresh?: FreshReports | undefined;
}[];

/** Which accounts are followed, as the writing side knows it. */
export interface FollowedAccounts {
  /** The states that are followed from now on, by `maskOf`; 0 for none. */
  set(accountId: AccountId, mask: number): void;
  /** Whether steps are to say what their reports show. */
  has(accountId: AccountId): boolean;
  maskOf(accountId: AccountId): number;
}

export function createFollowedAccounts(): FollowedAccounts {
  const masks = new Map<AccountId, number>();
  return {
    set(accountId, mask) {
      if (mask !== 0) masks.set(accountId, mask);
      else masks.delete(accountId);
    },
    has: (accountId) => masks.size > 0 && masks.has(accountId),
    maskOf: (accountId) => masks.get(accountId) ?? 0,
  };
}

/** The messages of those that are wanted; undefined where one of them is not at hand. */
export function messagesOf(
  pending: readonly PendingReport[],
  mask: number,
): ReadonlySet<MessageId> | undefined {
  const ids = new Set<MessageId>();
  for (const { state, shown, deliveryId } of pending) {
    if (!isWanted(state, mask)) continue;
    if (shown === undefined) return undefined;
    ids.add(messageIdOf(deliveryId));
  }
  return ids;
}

/** Gathers the rows of one account while its reports are numbered. */
export interface FreshRows {
  add(report: PendingReport, number: number, timeMs: number): void;
  /** Undefined where a message was not there. */
  end(): FreshReports | undefined;
}

/** For the account's reports from number `first` on, of which `messagesOf` has said that they are at hand. */
export function createFreshRows(
  first: number,
  mask: number,
  messages: ReadonlyMap<MessageId, MessageShown>,
): FreshRows {
  const rows: PackedRow[] = [];
  let isWhole = true;
  return {
    add({ state, shown, deliveryId }, number, timeMs) {
      if (shown === undefined || !isWanted(state, mask)) return;
      const message = messages.get(messageIdOf(deliveryId));
      if (message === undefined) {
        isWhole = false;
        return;
      }
      rows.push([
        number,
        timeMs,
        stateCodes[state],
        deliveryId,
        shown.recipient,
        shown.gateway_id,
        shown.segment_count,
        shown.attempt_segment_count,
        shown.code,
        shown.reason,
        shown.submit_time,
        shown.done_time,
        shown.parts,
        message.client_reference,
        message.metadata,
        message.accept_time,
        message.sender,
        first,
      ]);
    },
    end: () => (isWhole ? { first, mask, rows } : undefined),
  };
}

function isWanted(state: PendingReport["state"], mask: number): boolean {
  return ((mask >> stateCodes[state]) & 1) === 1;
}

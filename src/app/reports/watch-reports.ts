/**
 * Replays an account's reports from a start and follows live without a gap. Reports are asked of the store, at most a page at a time
 * and only when the reader asks for more, so that a slow reader costs no memory (P38); the store has those at hand that were just committed.
 */
import { SmsError } from "../../domain/errors.ts";
import type { AccountId, MessageId } from "../../domain/ids.ts";
import { messageIdOf } from "../../domain/ids.ts";
import type { Clock } from "../../observability/clock.ts";
import type { FollowedReports, StoredReport } from "../../store/reports.ts";
import type { Store } from "../../store/store.ts";
import { createWaker } from "../calls/waker.ts";
import { type Cursors, cursorExpired, invalidCursor } from "../subscriptions/cursors.ts";
import type { FeedStart } from "../subscriptions/feed-start.ts";
import type { Reader, Readers } from "../subscriptions/readers.ts";

const reportsPerPage = 100;
/** A page also ends at this estimated size, since two pages are held for a reader that does not read; 100 common ones stay below. */
const maxPageOctets = 128 * 1024;
const checkpointEveryMs = 15_000;
const checkpointAfterFiltered = 1_000;

/** Which reports are wanted; undefined for no condition. */
export interface ReportFilter {
  readonly states: ReadonlySet<StoredReport["state"]> | undefined;
  readonly messageIds: ReadonlySet<MessageId> | undefined;
  readonly clientReference: string | undefined;
}

/** Reports, or a checkpoint without any. */
export interface ReportPage {
  readonly reports: readonly StoredReport[];
  /** Valid after these reports. */
  readonly cursor: string;
  /** Other streams of the account are given the same objects. */
  readonly isShared: boolean;
}

export interface WatchReportsDeps {
  readonly store: Pick<
    Store,
    "reportBounds" | "reportNumberBefore" | "followReports" | "onReports" | "openSubscription"
  >;
  readonly cursors: Cursors;
  readonly readers: Readers;
  readonly clock: Clock;
  /** Of one account; without it there is no bound. */
  readonly maxSubscriptions?: number;
  /** Aborted when the service stops. */
  readonly stopping: AbortSignal;
}

export interface WatchReportsCall {
  readonly accountId: AccountId;
  readonly start: FeedStart;
  readonly filter: ReportFilter;
  /** Reports after which the stream ends; Infinity for none. */
  readonly reportLimit: number;
  /** Aborted when the reader goes away. */
  readonly signal: AbortSignal;
}

export type WatchReports = (call: WatchReportsCall) => AsyncGenerator<ReportPage, void>;

/**
 * Makes the use case. A stream ends only at its report limit, by `signal`, with READER_REPLACED, UNKNOWN_SUBSCRIPTION (deleted), CURSOR_EXPIRED, or, after
 * a last cursor, with SERVICE_UNAVAILABLE when the service stops.
 */
export function createWatchReports(deps: WatchReportsDeps): WatchReports {
  return async function* (call) {
    const { accountId, start, signal } = call;
    const reader = deps.readers.open(accountId, start.kind === "subscription" ? start.name : undefined);
    const waker = createWaker();
    const stopListening = deps.store.onReports((writer) => {
      if (writer === accountId) waker.wake();
    });
    const following = deps.store.followReports(accountId, call.filter.states);
    const ends = [signal, reader.signal, deps.stopping];
    for (const end of ends) end.addEventListener("abort", waker.wake);
    try {
      const after = await findStart(deps, accountId, start, reader);
      yield* follow(deps, call, { after, following, replaced: reader.signal, waker });
    } finally {
      for (const end of ends) end.removeEventListener("abort", waker.wake);
      following.stop();
      stopListening();
      reader.close();
    }
  };
}

/** The number after which the stream begins. */
async function findStart(
  deps: WatchReportsDeps,
  accountId: AccountId,
  start: FeedStart,
  reader: Reader,
): Promise<number> {
  const { store, cursors } = deps;
  const bounds = await store.reportBounds(accountId);
  switch (start.kind) {
    case "cursor": {
      const number = cursors.numberIn(accountId, start.cursor, "start.cursor");
      if (number > bounds.last) throw invalidCursor("start.cursor");
      return number;
    }
    case "subscription": {
      const initial = start.initialStart === "NOW" ? bounds.last : bounds.oldest - 1;
      reader.signal.throwIfAborted();
      const subscription = await store.openSubscription(
        accountId,
        start.name,
        initial,
        deps.clock.now(),
        deps.maxSubscriptions,
      );
      reader.hold(subscription.readerEpoch);
      return subscription.position;
    }
    case "time":
      return Math.max(await store.reportNumberBefore(accountId, start.timeMs), bounds.oldest - 1);
    case "earliest":
      return bounds.oldest - 1;
    case "now":
      return bounds.last;
  }
}

interface Position {
  readonly after: number;
  readonly following: FollowedReports;
  readonly replaced: AbortSignal;
  readonly waker: ReturnType<typeof createWaker>;
}

async function* follow(
  deps: WatchReportsDeps,
  call: WatchReportsCall,
  { after: start, following, replaced, waker }: Position,
): AsyncGenerator<ReportPage, void> {
  const { cursors, clock, stopping } = deps;
  const { accountId, filter, signal } = call;
  let left = call.reportLimit;
  let after = start;
  let limit = reportsPerPage;
  let filtered = 0;
  let toldAtMs = clock.monotonic();
  let line = cursors.line();
  const tell = (reports: readonly StoredReport[], isShared = false): ReportPage => {
    filtered = 0;
    toldAtMs = clock.monotonic();
    return { reports, cursor: cursors.cursorAfter(accountId, after), isShared };
  };

  // All other starts can be asked for again after a lost connection; this one is gone with it, so that its reader gets a cursor at once.
  if (call.start.kind === "now") yield tell([]);
  for (;;) {
    signal.throwIfAborted();
    replaced.throwIfAborted();
    if (stopping.aborted) {
      yield tell([]);
      throw new SmsError("SERVICE_UNAVAILABLE");
    }
    // Taken before the read: a commit during it wakes the next wait at once, so that nothing is slept through.
    const woken = waker.next();
    const scan = await following.scan(after, limit);
    if (cursors.line() !== line) {
      // Another server has taken over: what was read may not be there, and what was handed on must be.
      cursors.carryOver(accountId, line, after);
      line = cursors.line();
      continue;
    }
    const page = cutToSize(scan.reports);
    await refuseGap(deps, accountId, after, scan.first);
    const isCut = page.length < scan.reports.length;
    const before = after;
    after = (isCut ? page.at(-1)?.number : scan.last) ?? before;
    const looked = after - before;
    const wanted = page.filter((report) => matches(report, filter)).slice(0, left);
    left -= wanted.length;
    // The last cursor is valid after the last report, not after what was looked at.
    if (left === 0) after = wanted.at(-1)?.number ?? after;
    filtered += looked - wanted.length;
    const isCheckpointDue =
      filtered >= checkpointAfterFiltered || clock.monotonic() - toldAtMs >= checkpointEveryMs;
    if (wanted.length > 0 || isCheckpointDue) yield tell(wanted, scan.isShared);
    if (left === 0) return;
    const isAllRead = !isCut && looked < limit;
    // Where reports are long, what would be cut off again is not read again.
    limit = isCut ? page.length : Math.min(reportsPerPage, limit * 2);
    if (isAllRead) {
      const timer = clock.setTimeout(waker.wake, toldAtMs + checkpointEveryMs - clock.monotonic());
      await woken;
      timer.cancel();
    }
  }
}

/** Numbers have no gaps: one that is missing, or an empty page behind the oldest report, was deleted by retention. */
async function refuseGap(
  deps: WatchReportsDeps,
  accountId: AccountId,
  after: number,
  first: number | undefined,
): Promise<void> {
  if (first === after + 1) return;
  const bounds = await deps.store.reportBounds(accountId);
  if (bounds.oldest > after + 1) throw cursorExpired(deps.cursors, accountId, bounds);
}

/** The reports that fit into one page by a generous estimate; at least one. */
function cutToSize(reports: readonly StoredReport[]): readonly StoredReport[] {
  let octets = 0;
  for (const [index, report] of reports.entries()) {
    // Ids, times, names and the reference; a part with its receipt is below 400 octets.
    octets += 768 + report.parts.length * 400;
    for (const key in report.metadata) octets += key.length + (report.metadata[key]?.length ?? 0);
    if (octets > maxPageOctets && index > 0) return reports.slice(0, index);
  }
  return reports;
}

/** What the store does not filter; it filters by state. */
function matches(report: StoredReport, { messageIds, clientReference }: ReportFilter): boolean {
  if (messageIds !== undefined && !messageIds.has(messageIdOf(report.deliveryId))) return false;
  return clientReference === undefined || report.clientReference === clientReference;
}

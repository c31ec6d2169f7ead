import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createTokenSealer } from "../../../../src/app/calls/sealed-token.ts";
import {
  createWatchReports,
  type ReportFilter,
  type ReportPage,
} from "../../../../src/app/reports/watch-reports.ts";
import { createSubscriptions } from "../../../../src/app/subscriptions/create-subscriptions.ts";
import { type Cursors, createCursors } from "../../../../src/app/subscriptions/cursors.ts";
import type { FeedStart } from "../../../../src/app/subscriptions/feed-start.ts";
import { createReaders, type Readers } from "../../../../src/app/subscriptions/readers.ts";
import { toAccountId } from "../../../../src/domain/ids.ts";
import { openSqliteStore } from "../../../../src/store/sqlite/open.ts";
import type { Store } from "../../../../src/store/store.ts";
import { createFakeClock, type FakeClock } from "../../../support/fake-clock.ts";
import { account, buildAcceptance, dayMs } from "../../../support/store-builders.ts";

const everything: ReportFilter = { states: undefined, messageIds: undefined, clientReference: undefined };
const nothing: ReportFilter = { ...everything, clientReference: "nobody has this" };
const earliest: FeedStart = { kind: "earliest" };

let folder: string;
let store: Store;
let clock: FakeClock;
let cursors: Cursors;
let readers: Readers;
let stopping: AbortController;
let reads: number[];
const open: AbortController[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "sms-relay-watch-"));
  clock = createFakeClock();
  store = await openSqliteStore({ path: join(folder, "store.db"), clock });
  await store.join(clock.now());
  cursors = createCursors(() => store.line);
  readers = createReaders(3, { store, clock });
  stopping = new AbortController();
  reads = [];
});
afterEach(async () => {
  for (const reader of open.splice(0)) reader.abort();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Each message writes one report (QUEUED). */
async function writeReports(count: number): Promise<void> {
  await store.accept(Array.from({ length: count }, () => buildAcceptance()));
}

function watch(
  start: FeedStart,
  filter = everything,
  accountId = account,
  reportLimit = Number.POSITIVE_INFINITY,
) {
  const reader = new AbortController();
  open.push(reader);
  const counted: Store = {
    ...store,
    followReports(id, states) {
      const following = store.followReports(id, states);
      return {
        ...following,
        scan(after, limit) {
          reads.push(after);
          return following.scan(after, limit);
        },
      };
    },
  };
  const watchReports = createWatchReports({
    store: counted,
    cursors,
    readers,
    clock,
    stopping: stopping.signal,
  });
  return watchReports({ accountId, start, filter, reportLimit, signal: reader.signal });
}

async function next(stream: AsyncGenerator<ReportPage, void>): Promise<ReportPage> {
  const result = await stream.next();
  if (result.done === true) throw new Error("the stream ended");
  return result.value;
}

const numbers = (page: ReportPage) => page.reports.map((report) => report.number);

/** Lets a stream that was asked for its next page come to its wait, which starts a timer. */
async function untilIdle(timers = 1): Promise<void> {
  while (clock.waiting < timers) await new Promise((resolve) => setImmediate(resolve));
}

describe("watchReports", () => {
  it("replays in pages of at most 100, then follows live without a gap", async () => {
    await writeReports(250);
    const stream = watch(earliest);
    const pages = [await next(stream), await next(stream), await next(stream)];
    expect(pages.map((page) => page.reports.length)).toEqual([100, 100, 50]);
    expect(pages.flatMap(numbers)).toEqual(Array.from({ length: 250 }, (_, index) => index + 1));
    const live = next(stream);
    await untilIdle();
    await writeReports(1);
    expect(numbers(await live)).toEqual([251]);
  });

  it("goes on behind a cursor, on another stream, without repeating or missing anything", async () => {
    await writeReports(150);
    const { cursor } = await next(watch(earliest));
    await writeReports(5);
    const resumed = watch({ kind: "cursor", cursor });
    expect(numbers(await next(resumed))).toEqual(Array.from({ length: 55 }, (_, index) => index + 101));
  });

  it("ends at its limit with a cursor right behind the last report", async () => {
    await writeReports(250);
    const limited = watch(earliest, everything, account, 130);
    const pages = [await next(limited), await next(limited)];
    expect(pages.map((page) => page.reports.length)).toEqual([100, 30]);
    expect(await limited.next()).toEqual({ done: true, value: undefined });
    const resumed = watch({ kind: "cursor", cursor: pages[1]?.cursor ?? "" });
    expect(numbers(await next(resumed))[0]).toBe(131);
  });

  it("begins now, or at a time", async () => {
    await writeReports(3);
    clock.advance(60_000);
    const now = watch({ kind: "now" });
    const checkpoint = await next(now);
    expect(numbers(checkpoint)).toEqual([]);
    const first = next(now);
    await untilIdle();
    await store.accept([buildAcceptance({ message: { acceptTimeMs: clock.now() } })]);
    expect(numbers(await first)).toEqual([4]);
    await now.return();
    // A reader whose connection is lost before the first report knows where it began.
    expect(numbers(await next(watch({ kind: "cursor", cursor: checkpoint.cursor })))).toEqual([4]);
    expect(numbers(await next(watch({ kind: "time", timeMs: clock.now() })))).toEqual([4]);
    expect(numbers(await next(watch({ kind: "time", timeMs: 0 })))).toEqual([1, 2, 3, 4]);
  });

  it("refuses a cursor that is broken, of another account, of another store, or beyond the last report", async () => {
    await writeReports(1);
    const foreign = createCursors(() => ({ id: "another store", former: [] }));
    for (const cursor of [
      "",
      "nonsense",
      `${cursors.cursorAfter(account, 1).slice(0, -2)}xx`,
      cursors.cursorAfter(toAccountId("other"), 1),
      foreign.cursorAfter(account, 1),
      cursors.cursorAfter(account, 2),
    ]) {
      await expect(next(watch({ kind: "cursor", cursor }))).rejects.toMatchObject({ code: "INVALID_CURSOR" });
      expect(readers.count).toBe(0);
    }
  });

  it("P44 refuses a cursor behind the copy that a store was restored from, for good, and takes one before it", async () => {
    await writeReports(3);
    await store.backup(join(folder, "copy.db"));
    await writeReports(2);
    const [third, fifth] = [cursors.cursorAfter(account, 3), cursors.cursorAfter(account, 5)];
    await store.close();
    store = await openSqliteStore({ path: join(folder, "copy.db"), clock });
    await store.join(clock.now());
    cursors = createCursors(() => store.line);
    await writeReports(4);
    await expect(next(watch({ kind: "cursor", cursor: fifth }))).rejects.toMatchObject({
      code: "INVALID_CURSOR",
      details: { violations: [{ description: expect.stringContaining("restored") }] },
    });
    expect(numbers(await next(watch({ kind: "cursor", cursor: third })))).toEqual([4, 5, 6, 7]);
  });

  it("tells the oldest cursor where reports behind the cursor were deleted", async () => {
    await writeReports(5);
    const { cursor } = await next(watch(earliest));
    const behind = cursors.cursorAfter(account, 2);
    clock.advance(30 * dayMs);
    const keepNothing = {
      bodiesMs: 0,
      reportsMs: 0,
      messagesMs: 1_000 * dayMs,
      requestIdsMs: dayMs,
      parkedReceiptsMs: dayMs,
      referencesMs: dayMs,
      smscIdsMs: dayMs,
      auditMs: dayMs,
    };
    await store.clean(clock.now() + 1, keepNothing, 500);
    await expect(next(watch({ kind: "cursor", cursor: behind }))).rejects.toMatchObject({
      code: "CURSOR_EXPIRED",
      details: { metadata: { oldest_cursor: cursor } },
    });
    const resumed = next(watch({ kind: "cursor", cursor }));
    await untilIdle();
    await writeReports(1);
    expect(numbers(await resumed)).toEqual([6]);
  });

  it("gives a checkpoint after 1,000 filtered reports, from which reading goes on", async () => {
    await writeReports(1_050);
    const checkpoint = await next(watch(earliest, nothing));
    expect(checkpoint.reports).toEqual([]);
    const rest = await next(watch({ kind: "cursor", cursor: checkpoint.cursor }));
    expect(numbers(rest)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1_001));
  });

  it("gives a checkpoint after 15 s in which nothing was told", async () => {
    await writeReports(2);
    const stream = watch(earliest, nothing);
    const first = next(stream);
    await untilIdle();
    clock.advance(14_999);
    await writeReports(1);
    clock.advance(1);
    expect(await first).toMatchObject({ reports: [], cursor: cursors.cursorAfter(account, 3) });
  });

  it("ends a page before it grows too large for a client, and goes on behind it", async () => {
    await writeReports(20);
    const submitTimeMs = clock.now();
    const part = {
      number: 1,
      outcome: "ACCEPTED",
      smscMessageId: "x",
      commandStatus: 0,
      submitTimeMs,
    } as const;
    const parts = Array.from({ length: 255 }, () => ({ ...part, receipt: undefined }));
    let rowsRead = 0;
    const large: Store = {
      ...store,
      followReports(id, states) {
        const following = store.followReports(id, states);
        const scan = async (after: number, limit: number) => {
          const found = await following.scan(after, limit);
          rowsRead += found.reports.length;
          return { ...found, reports: found.reports.map((report) => ({ ...report, parts })) };
        };
        return { ...following, scan };
      },
    };
    const { signal } = new AbortController();
    const deps = { store: large, cursors, readers, clock, stopping: stopping.signal };
    const stream = createWatchReports(deps)({
      accountId: account,
      start: earliest,
      filter: everything,
      reportLimit: Number.POSITIVE_INFINITY,
      signal,
    });
    const seen: number[] = [];
    let pages = 0;
    for (; seen.length < 20; pages++) seen.push(...numbers(await next(stream)));
    expect(seen).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    expect(pages).toBe(20);
    // After a look ahead, what is cut off is read about twice and not again for every page.
    expect(rowsRead).toBeLessThan(3 * 20);
    await stream.return();
  });

  it("P38 reads no further page before the reader has taken the one before", async () => {
    await writeReports(500);
    const stream = watch(earliest);
    await next(stream);
    await writeReports(100);
    expect(reads).toEqual([0]);
    await next(stream);
    expect(reads).toEqual([0, 100]);
  });

  it("ends the reader of a subscription when another takes over, and only that one", async () => {
    const start: FeedStart = { kind: "subscription", name: "crm", initialStart: "EARLIEST" };
    const bystander = watch({ ...start, name: "other" });
    const waiting = next(bystander);
    const old = next(watch(start));
    const outcome = expect(old).rejects.toMatchObject({ code: "READER_REPLACED" });
    await untilIdle(2);
    const fresh = next(watch(start));
    await outcome;
    await untilIdle(2);
    await writeReports(1);
    expect(numbers(await fresh)).toEqual([1]);
    expect(numbers(await waiting)).toEqual([1]);
    expect(readers.count).toBe(2);
  });

  it("P61 refuses more streams of one account than it may have open, and takes another's", () => {
    const bounded = createReaders(10, { store, clock, maxOfAccount: 2 });
    const first = bounded.open(account, "a");
    const second = bounded.open(account, undefined);
    expect(() => bounded.open(account, undefined)).toThrow(
      expect.objectContaining({
        code: "OVERLOADED",
        details: expect.objectContaining({
          quota: expect.objectContaining({ subject: `account ${account}` }),
        }),
      }),
    );
    // Taking over is no further stream.
    bounded.open(account, "a");
    first.close();
    bounded.open(toAccountId("another"), undefined);
    second.close();
    bounded.open(account, undefined);
    expect(bounded.count).toBe(3);
  });

  it("refuses more streams than may be open", async () => {
    const streams = [watch(earliest), watch(earliest), watch(earliest)];
    const waiting = streams.map((stream) => next(stream));
    await untilIdle(3);
    await expect(next(watch(earliest))).rejects.toMatchObject({ code: "OVERLOADED" });
    await writeReports(1);
    await Promise.all(waiting);
    await Promise.all(streams.map((stream) => stream.return()));
    expect(readers.count).toBe(0);
  });

  it("gives a last cursor when the service stops, and then ends", async () => {
    await writeReports(2);
    const stream = watch(earliest);
    await next(stream);
    const last = next(stream);
    await untilIdle();
    stopping.abort();
    expect(await last).toMatchObject({ reports: [], cursor: cursors.cursorAfter(account, 2) });
    await expect(stream.next()).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
    expect(clock.waiting).toBe(0);
  });
});

describe("reportSubscriptions", () => {
  const subscriptions = () =>
    createSubscriptions({ store, cursors, sealer: createTokenSealer(store.id), readers, clock });
  const start: FeedStart = { kind: "subscription", name: "crm", initialStart: "EARLIEST" };

  it("reads on behind what was acknowledged, whatever was read before", async () => {
    await writeReports(3);
    await next(watch(start));
    const cursor = cursors.cursorAfter(account, 2);
    expect(await subscriptions().acknowledge({ subscriptionId: "crm", cursor }, account)).toBe(cursor);
    expect(numbers(await next(watch(start)))).toEqual([3]);
    const { entries } = await subscriptions().list({ pageSize: 0, pageToken: "" }, account);
    expect(entries).toMatchObject([{ cursor, pendingCount: 1, subscription: { name: "crm" } }]);
  });

  it("does nothing at or behind the position, and refuses what is beyond the last report", async () => {
    await writeReports(3);
    await next(watch(start));
    const third = cursors.cursorAfter(account, 3);
    await subscriptions().acknowledge({ subscriptionId: "crm", cursor: third }, account);
    const first = cursors.cursorAfter(account, 1);
    expect(await subscriptions().acknowledge({ subscriptionId: "crm", cursor: first }, account)).toBe(third);
    const beyond = cursors.cursorAfter(account, 4);
    await expect(
      subscriptions().acknowledge({ subscriptionId: "crm", cursor: beyond }, account),
    ).rejects.toMatchObject({ code: "INVALID_CURSOR" });
    await expect(
      subscriptions().acknowledge({ subscriptionId: "nobody", cursor: first }, account),
    ).rejects.toMatchObject({ code: "UNKNOWN_SUBSCRIPTION" });
  });

  it("ends the reader of a subscription that is deleted", async () => {
    const reading = next(watch(start));
    const outcome = expect(reading).rejects.toMatchObject({ code: "UNKNOWN_SUBSCRIPTION" });
    await untilIdle();
    await subscriptions().delete("crm", account);
    await outcome;
    await expect(subscriptions().delete("crm", account)).rejects.toMatchObject({
      code: "UNKNOWN_SUBSCRIPTION",
    });
  });
});

import fc from "fast-check";
import { expect, it } from "vitest";
import { type AccountId, type DeliveryId, toAccountId, toGatewayId } from "../../../src/domain/ids.ts";
import type { Receipt } from "../../../src/domain/receipt.ts";
import type { FollowedReports, StoredReport } from "../../../src/store/reports.ts";
import type { Store } from "../../../src/store/store.ts";
import {
  acceptClaimed,
  acceptSubmitted,
  account,
  buildAcceptance,
  buildAttempt,
  buildPart,
  buildReceipt,
  buildSubmitted,
  startMs,
} from "../../support/store-builders.ts";
import { describeStore, type StoreTest } from "./describe-store.ts";

const finals = new Set<StoredReport["state"]>(["DELIVERED", "UNDELIVERABLE", "CANCELLED", "REJECTED"]);
const odd = {
  clientReference: "a\u0000b\u001bc å 😀",
  metadata: { constructor: "1", "\u0000": "\u001b", å: "😀" },
};

const all = { limit: 100, states: undefined };

/** Only what was at hand tells whether others are given it. */
const isAtHand = (found: { readonly isShared?: boolean }) => found.isShared !== undefined;

describeStore("the live tail of reports", (test) => {
  it("has at hand what was just committed for followers, alike to what reading shows", async () => {
    const following = test.store.followReports(account, undefined);
    await acceptSubmitted(test.store, test.claimant, ["x", "y"], { message: odd, segmentCount: 2 });
    await test.store.recordReceipts([buildReceipt("y", { carrier: "24001" })]);
    await test.store.recordReceipts([buildReceipt("x", { networkError: { type: 3, code: 27 } })]);
    await acceptSubmitted(test.store, test.claimant, ["z"]);
    const failed = { verdict: "UNDELIVERABLE", stat: "UNDELIV", err: "011" } as const;
    await test.store.recordReceipts([buildReceipt("z", failed)]);
    await test.store.accept([buildAcceptance({ rejected: true, message: odd })]);
    const atHand = await following.scan(0, 100);
    expect(isAtHand(atHand)).toBe(true);
    expect(atHand.reports.map(({ number, state }) => `${number} ${state}`)).toEqual([
      "1 QUEUED",
      "2 SUBMITTED",
      "3 DELIVERED",
      "4 QUEUED",
      "5 SUBMITTED",
      "6 UNDELIVERABLE",
      "7 REJECTED",
    ]);
    const read = await test.store.scanReports(account, { after: 0, ...all });
    expect(atHand.reports).toEqual(read.reports);
    expect([atHand.first, atHand.last]).toEqual([read.first, read.last]);
    await test.restart();
    expect((await test.store.scanReports(account, { after: 0, ...all })).reports).toEqual(atHand.reports);
  });

  it("shows what reading shows where a report and further receipts are of one commit", async () => {
    const following = test.store.followReports(account, undefined);
    const failed = { verdict: "UNDELIVERABLE", stat: "UNDELIV", err: "011" } as const;
    await acceptSubmitted(test.store, test.claimant, ["x", "y"], { segmentCount: 2 });
    await test.store.recordReceipts([buildReceipt("x", failed), buildReceipt("y", { carrier: "24001" })]);
    await acceptSubmitted(test.store, test.claimant, ["v", "w"], { segmentCount: 2 });
    await test.store.recordReceipts([
      buildReceipt("v", failed),
      buildReceipt("v", failed),
      buildReceipt("w"),
    ]);
    const [claimed] = await acceptClaimed(test.store, test.claimant, { message: {} });
    await Promise.all([
      test.store.settle([buildSubmitted(claimed ?? expect.fail(), test.claimant, ["u"])]),
      test.store.recordReceipts([buildReceipt("u", { arrivalTimeMs: startMs - 1 })]),
    ]);
    const found = await following.scan(0, 100);
    expect(found.reports).toEqual((await test.store.scanReports(account, { after: 0, ...all })).reports);
    expect(found.reports).toHaveLength(9);
  });

  it("has at hand by states what one reading shows, with times that never go back", async () => {
    const following = test.store.followReports(account, finals);
    for (const [index, id] of ["a", "b", "c"].entries()) {
      const acceptTimeMs = startMs - 1_000 * index;
      await acceptSubmitted(test.store, test.claimant, [id], { message: { acceptTimeMs } });
      const arrivalTimeMs = startMs + 5_000 - 1_000 * index;
      await test.store.recordReceipts([buildReceipt(id, { arrivalTimeMs })]);
    }
    const { isShared, ...atHand } = await following.scan(0, 100);
    expect(isShared).toBe(false);
    expect(atHand.reports).toHaveLength(3);
    expect(atHand).toEqual(await test.store.scanReports(account, { after: 0, limit: 100, states: finals }));
  });

  it("has at hand what was accepted before anybody followed", async () => {
    const [old] = await acceptClaimed(test.store, test.claimant, { message: odd });
    const following = test.store.followReports(account, undefined);
    await test.store.settle([buildSubmitted(old ?? expect.fail(), test.claimant, ["old"])]);
    const { isShared, ...atHand } = await following.scan(1, 100);
    expect(isShared).toBe(false);
    expect(atHand).toEqual(await test.store.scanReports(account, { after: 1, ...all }));
  });

  it("reads what it did not have at hand, and all that it has not seen the beginning of", async () => {
    const following = test.store.followReports(account, undefined);
    const waiting = buildAcceptance();
    await test.store.accept([waiting]);
    expect(isAtHand(await following.scan(0, 100))).toBe(true);
    await test.store.cancel(account, waiting.message.id, startMs);
    expect(isAtHand(await following.scan(0, 100))).toBe(false);
    await test.store.accept([buildAcceptance()]);
    expect(isAtHand(await following.scan(0, 100))).toBe(false);
    expect(isAtHand(await following.scan(2, 100))).toBe(true);
    const { reports } = await following.scan(0, 100);
    expect(reports.map(({ state }) => state)).toEqual(["QUEUED", "CANCELLED", "QUEUED"]);
    following.stop();
    following.stop();
    expect(isAtHand(await following.scan(2, 100))).toBe(false);
  });

  it("has nothing of a batch that failed, and goes on behind it", async () => {
    const following = test.store.followReports(account, undefined);
    const first = buildAcceptance();
    await test.store.accept([first]);
    // A message of the same id breaks its batch.
    await expect(test.store.accept([first])).rejects.toThrow();
    await test.store.accept([buildAcceptance()]);
    const found = await following.scan(0, 100);
    expect([isAtHand(found), found.first, found.last]).toEqual([true, 1, 2]);
    expect(found.reports.map(({ number }) => number)).toEqual([1, 2]);
  });

  it("gives each reader exactly the store's sequence, whoever commits, follows, lags or starts again", async () => {
    const elsewhere = await test.openElsewhere();
    let atHand = 0;
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        runs += 1;
        const run = createRun(test, elsewhere, toAccountId(`acme-${runs}`));
        for (const taken of steps) await run.take(taken);
        atHand += await run.finish();
      }),
      { numRuns: 20 },
    );
    expect(atHand).toBeGreaterThan(0);
  });
});

const readerCount = 3;
const reader = fc.integer({ min: 0, max: readerCount - 1 });
const count = fc.integer({ min: 1, max: 4 });

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("accept"), count }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("submit"), count }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("receipt"), count, isGood: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("cancel") }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("elsewhere"), count }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("read"), reader, limit: fc.integer({ min: 1, max: 6 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("follow"), reader }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("leave"), reader }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart") }) },
);
type Step = typeof step extends fc.Arbitrary<infer Taken> ? Taken : never;

interface Reading {
  readonly states: ReadonlySet<StoredReport["state"]> | undefined;
  readonly reports: StoredReport[];
  after: number;
  following: FollowedReports | undefined;
}

/** One account of its own; the first reader wants final states, the others all. */
function createRun(test: StoreTest, elsewhere: Store, accountId: AccountId) {
  // What waits at one gateway, as after a restart, must not keep others from being claimed.
  let gatewayId = toGatewayId(`${accountId}-0`);
  let starts = 0;
  let names = 0;
  let atHand = 0;
  let claimed: DeliveryId[] = [];
  let submitted: Pick<Receipt, "smscMessageId" | "matchKey" | "gatewayId">[] = [];
  const readers = Array.from({ length: readerCount }, (_, index): Reading => {
    return { states: index === 0 ? finals : undefined, reports: [], after: 0, following: undefined };
  });

  function follow(reading: Reading | undefined): void {
    if (reading !== undefined) reading.following ??= test.store.followReports(accountId, reading.states);
  }

  function leave(reading: Reading | undefined): void {
    reading?.following?.stop();
    if (reading !== undefined) reading.following = undefined;
  }

  async function read(reading: Reading, limit: number): Promise<void> {
    const { after, states, following } = reading;
    const found = await (following?.scan(after, limit) ??
      test.store.scanReports(accountId, { after, limit, states }));
    if (isAtHand(found)) atHand += 1;
    if (found.first !== undefined) expect(found.first).toBe(after + 1);
    reading.reports.push(...found.reports);
    reading.after = found.last ?? after;
  }

  async function take(taken: Step): Promise<void> {
    switch (taken.kind) {
      case "accept": {
        const options = { recipients: taken.count, gatewayId, message: { accountId, ...odd } };
        claimed.push(...(await acceptClaimed(test.store, test.claimant, options)));
        break;
      }
      case "submit": {
        const settled = claimed.splice(0, taken.count).map((id) => {
          const smscMessageId = `${accountId}-${names++}`;
          submitted.push({ smscMessageId, matchKey: smscMessageId, gatewayId });
          const attempt = buildAttempt([buildPart({ id: smscMessageId })], { gatewayId });
          return buildSubmitted(id, test.claimant, [], { attempt });
        });
        if (settled.length > 0) await test.store.settle(settled);
        break;
      }
      case "receipt": {
        const verdict = taken.isGood ? "DELIVERED" : "UNDELIVERABLE";
        const heard = submitted.splice(0, taken.count).map((part) => {
          return buildReceipt(part.smscMessageId, { ...part, verdict });
        });
        if (heard.length > 0) await test.store.recordReceipts(heard);
        break;
      }
      case "cancel": {
        const waiting = buildAcceptance({ gatewayId: toGatewayId("away"), message: { accountId } });
        await test.store.accept([waiting]);
        await test.store.cancel(accountId, waiting.message.id, startMs);
        break;
      }
      case "elsewhere":
        await elsewhereOrHere().accept([
          buildAcceptance({ recipients: taken.count, rejected: true, message: { accountId } }),
        ]);
        break;
      case "read":
        await read(readers[taken.reader] ?? expect.fail(), taken.limit);
        break;
      case "follow":
        follow(readers[taken.reader]);
        break;
      case "leave":
        leave(readers[taken.reader]);
        break;
      case "restart":
        for (const reading of readers) leave(reading);
        await test.restart();
        starts += 1;
        gatewayId = toGatewayId(`${accountId}-${starts}`);
        claimed = [];
        submitted = [];
        readers.forEach(follow);
        break;
    }
  }

  /** Where only one process may have the store, a restart has closed what was opened before. */
  function elsewhereOrHere(): Store {
    return test.store.sessions.replicaId === undefined ? test.store : elsewhere;
  }

  readers.forEach(follow);
  return {
    take,
    /** Answers how many scans were at hand. */
    async finish(): Promise<number> {
      const { last } = await test.store.reportBounds(accountId);
      for (const reading of readers) while (reading.after < last) await read(reading, 100);
      for (const reading of readers) leave(reading);
      const stored = await test.store.readReports(accountId, 0, 1_000);
      expect(stored.map(({ number }) => number)).toEqual(
        Array.from({ length: last }, (_, index) => index + 1),
      );
      for (const { states, reports } of readers)
        expect(reports).toEqual(stored.filter(({ state }) => states === undefined || states.has(state)));
      return atHand;
    },
  };
}

import { expect, it } from "vitest";
import { toAccountId } from "../../../src/domain/ids.ts";
import type { StoredReport } from "../../../src/store/reports.ts";
import {
  acceptSubmitted,
  account,
  buildAcceptance,
  buildReceipt,
  startMs,
} from "../../support/store-builders.ts";
import { describeStore } from "./describe-store.ts";

const other = toAccountId("other");

describeStore("reports", (test) => {
  it("numbers reports from 1 without a gap in each account, in commit order", async () => {
    const entries = Array.from({ length: 60 }, (_, index) =>
      buildAcceptance({ recipients: 3, message: { accountId: index % 3 === 0 ? other : account } }),
    );
    await Promise.all(entries.map((entry) => test.store.accept([entry])));
    await test.restart();
    await test.store.accept([buildAcceptance(), buildAcceptance({ message: { accountId: other } })]);
    for (const [accountId, count] of [
      [account, 121],
      [other, 61],
    ] as const) {
      const reports = await test.store.readReports(accountId, 0, 1_000);
      expect(reports.map(({ number }) => number)).toEqual(
        Array.from({ length: count }, (_, index) => index + 1),
      );
      expect(await test.store.reportBounds(accountId)).toEqual({ oldest: 1, last: count });
    }
  });

  it("P10 P11 reports QUEUED, SUBMITTED and one final state, with the message's reference and metadata", async () => {
    const message = { clientReference: "order-7", metadata: { a: "1" } };
    await acceptSubmitted(test.store, test.claimant, ["x"], { message });
    await test.store.recordReceipts([buildReceipt("x")]);
    const reports = await test.store.readReports(account, 0, 10);
    expect(reports.map(({ state, gatewayId }) => [state, gatewayId])).toEqual([
      ["QUEUED", undefined],
      ["SUBMITTED", "alpha"],
      ["DELIVERED", "alpha"],
    ]);
    for (const report of reports) {
      expect(report).toMatchObject({
        ...message,
        acceptTimeMs: startMs,
        recipient: "+46701000000",
        sender: "Acme",
      });
    }
  });

  it("P44 reads a report the same later on", async () => {
    await acceptSubmitted(test.store, test.claimant, ["x", "y"]);
    const before = await test.store.readReports(account, 0, 10);
    await test.store.recordReceipts([buildReceipt("x"), buildReceipt("y")]);
    const after = await test.store.readReports(account, 0, 10);
    expect(after.slice(0, before.length)).toEqual(before);
  });

  it("pages after a number and up to a limit", async () => {
    await test.store.accept([buildAcceptance({ recipients: 10 })]);
    const numbers = async (after: number, limit: number) =>
      (await test.store.readReports(account, after, limit)).map(({ number }) => number);
    expect(await numbers(3, 4)).toEqual([4, 5, 6, 7]);
    expect(await numbers(8, 4)).toEqual([9, 10]);
    expect(await numbers(10, 4)).toEqual([]);
  });

  it("looks through a stretch for some states, and tells how far it looked", async () => {
    await acceptSubmitted(test.store, test.claimant, ["x"]);
    await test.store.recordReceipts([buildReceipt("x")]);
    await test.store.accept([buildAcceptance({ recipients: 4 })]);
    const scan = async (after: number, limit: number, ...states: readonly StoredReport["state"][]) => {
      const wanted = states.length === 0 ? undefined : new Set(states);
      const { reports, first, last } = await test.store.scanReports(account, {
        after,
        limit,
        states: wanted,
      });
      return [reports.map(({ number, state }) => `${number} ${state}`), first, last];
    };
    expect(await scan(0, 100, "DELIVERED", "UNKNOWN")).toEqual([["3 DELIVERED"], 1, 7]);
    expect(await scan(0, 2, "DELIVERED")).toEqual([[], 1, 2]);
    expect(await scan(2, 2, "DELIVERED", "QUEUED")).toEqual([["3 DELIVERED", "4 QUEUED"], 3, 4]);
    expect(await scan(3, 100, "REJECTED")).toEqual([[], 4, 7]);
    expect(await scan(7, 100, "QUEUED")).toEqual([[], undefined, undefined]);
    expect(await scan(0, 3)).toEqual([["1 QUEUED", "2 SUBMITTED", "3 DELIVERED"], 1, 3]);
    const everything = await test.store.readReports(account, 0, 100);
    const { reports } = await test.store.scanReports(account, { after: 0, limit: 100, states: undefined });
    expect(reports).toEqual(everything);
  });

  it("shows no account another's reports", async () => {
    await test.store.accept([buildAcceptance()]);
    expect(await test.store.readReports(other, 0, 10)).toEqual([]);
    expect(await test.store.reportBounds(other)).toEqual({ oldest: 1, last: 0 });
  });

  it("finds the last report before a time, also where times came out of order", async () => {
    for (const offsetMs of [0, 1_000, 500, 2_000]) {
      const acceptTimeMs = startMs + offsetMs;
      await test.store.accept([
        buildAcceptance({ message: { acceptTimeMs, expireTimeMs: startMs + 90_000 } }),
      ]);
    }
    const before = (offsetMs: number) => test.store.reportNumberBefore(account, startMs + offsetMs);
    expect(await before(0)).toBe(0);
    expect(await before(1)).toBe(1);
    expect(await before(1_000)).toBe(1);
    expect(await before(1_001)).toBe(3);
    expect(await before(99_000)).toBe(4);
    expect(await test.store.reportNumberBefore(other, startMs)).toBe(0);
  });

  it("tells listeners after the commit, with the last number, until they leave", async () => {
    const heard: unknown[] = [];
    const reading: Promise<unknown>[] = [];
    const leave = test.store.onReports((accountId, last) => {
      heard.push([accountId, last]);
      reading.push(test.store.reportBounds(accountId));
    });
    await test.store.accept([buildAcceptance({ recipients: 2 })]);
    leave();
    await test.store.accept([buildAcceptance()]);
    expect(heard).toEqual([[account, 2]]);
    expect((await Promise.all(reading))[0]).toMatchObject({ oldest: 1 });
  });

  it("reads while others write, and never sees a gap", async () => {
    const writes = Array.from({ length: 200 }, () => test.store.accept([buildAcceptance({ recipients: 5 })]));
    let seen = 0;
    let isWriting = true;
    const written = Promise.all(writes).then(() => {
      isWriting = false;
    });
    while (isWriting || seen < 1_000) {
      const reports = await test.store.readReports(account, seen, 100);
      reports.forEach(({ number }, index) => {
        expect(number).toBe(seen + index + 1);
      });
      seen += reports.length;
    }
    await written;
    expect(seen).toBe(1_000);
  });
});

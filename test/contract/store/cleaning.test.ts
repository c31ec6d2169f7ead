import { expect, it } from "vitest";
import { messageIdOf } from "../../../src/domain/ids.ts";
import type { Retention } from "../../../src/store/cleaning.ts";
import {
  acceptSubmitted,
  account,
  buildAcceptance,
  buildReceipt,
  buildSubmitted,
  dayMs,
  gateway,
  hourMs,
  newMessageId,
  startMs,
} from "../../support/store-builders.ts";
import { describeStore } from "./describe-store.ts";

const retention: Retention = {
  bodiesMs: hourMs,
  reportsMs: 7 * dayMs,
  messagesMs: 30 * dayMs,
  requestIdsMs: 7 * dayMs,
  parkedReceiptsMs: 2 * dayMs,
  referencesMs: 3 * dayMs,
  smscIdsMs: 7 * dayMs,
  auditMs: 7 * dayMs,
};
const limit = 500;

describeStore("cleaning", (test) => {
  const delivered = async (id: string, options = {}) => {
    const deliveryId = await acceptSubmitted(test.store, test.claimant, [id], options);
    await test.store.recordReceipts([buildReceipt(id)]);
    return deliveryId;
  };
  const exists = async (id: Parameters<typeof messageIdOf>[0]) =>
    (await test.store.readStatus(account, messageIdOf(id), {
      afterPosition: -1,
      limit: 1,
      view: "BASIC",
    })) !== undefined;

  it("P48 erases bodies once all is final for long enough, and those of open messages later", async () => {
    const open = buildAcceptance({ message: { lane: "BULK", content: { kind: "text", text: "open" } } });
    await test.store.accept([open]);
    await delivered("a");
    expect(await test.store.clean(startMs + hourMs, retention, limit)).toBe(0);
    expect(await test.store.clean(startMs + 2 * hourMs, retention, limit)).toBe(1);
    expect(await test.store.clean(startMs + 2 * hourMs, retention, limit)).toBe(0);
    const limits = { OTP: 0, NORMAL: 0, BULK: 1 };
    const { claimant } = test;
    const claim = await test.store.claim({ claimant, gatewayId: gateway, limits, nowMs: startMs });
    expect(claim.messages).toMatchObject([{ content: { kind: "text", text: "open" } }]);
    await test.restart();
    await test.store.cancel(account, open.message.id, startMs + 3 * hourMs);
    expect(await test.store.clean(startMs + 3 * hourMs, retention, limit)).toBe(0);
    expect(await test.store.clean(startMs + 5 * hourMs, retention, limit)).toBe(1);
  });

  it("P1 forgets the ids of a delivery that was first tried after younger ones were through", async () => {
    const kept: Retention = {
      ...retention,
      bodiesMs: 90 * dayMs,
      reportsMs: 90 * dayMs,
      messagesMs: 90 * dayMs,
      smscIdsMs: hourMs,
      auditMs: hourMs,
    };
    const cleanAll = async (nowMs: number) => {
      while ((await test.store.clean(nowMs, kept, limit)) > 0);
    };
    const [first, second] = [newMessageId(), newMessageId()].sort();
    await test.store.accept([
      buildAcceptance({ message: { id: first ?? expect.fail(), expireTimeMs: startMs + 3 * dayMs } }),
    ]);
    await delivered("young", { message: { id: second, lane: "OTP", expireTimeMs: startMs + hourMs } });
    await cleanAll(startMs + 12 * hourMs);
    const limits = { OTP: 0, NORMAL: 1, BULK: 0 };
    const { claimant } = test;
    const nowMs = startMs + 12 * hourMs;
    const claim = await test.store.claim({ claimant, gatewayId: gateway, limits, nowMs });
    const id = claim.deliveries[0]?.id ?? expect.fail();
    await test.store.settle([buildSubmitted(id, claimant, ["old"])]);
    const record = async (arrivalTimeMs: number) =>
      (await test.store.recordReceipts([buildReceipt("old", { arrivalTimeMs })]))[0];
    const goneMs = startMs + 3 * dayMs + hourMs + 1;
    await cleanAll(goneMs);
    // While it is there, the first receipt of a part finds it.
    expect(await record(goneMs)).toEqual({ kind: "parked" });
  });

  it("deletes reports behind their retention and tells what is left", async () => {
    await test.store.accept([buildAcceptance({ recipients: 3 })]);
    const laterMs = startMs + 7 * dayMs;
    await test.store.accept([
      buildAcceptance({ recipients: 2, message: { acceptTimeMs: laterMs, expireTimeMs: laterMs + dayMs } }),
    ]);
    await test.store.clean(laterMs + 1, retention, 2);
    expect(await test.store.reportBounds(account)).toEqual({ oldest: 4, last: 5 });
    expect((await test.store.readReports(account, 0, 10)).map(({ number }) => number)).toEqual([4, 5]);
    await test.store.clean(laterMs + 8 * dayMs, retention, limit);
    expect(await test.store.reportBounds(account)).toEqual({ oldest: 6, last: 5 });
    await test.store.accept([buildAcceptance()]);
    expect((await test.store.readReports(account, 5, 10)).map(({ number }) => number)).toEqual([6]);
  });

  it("deletes messages after their last final state, never before their reports", async () => {
    const first = await delivered("a");
    const open = buildAcceptance({ message: { lane: "BULK", expireTimeMs: startMs + 3 * dayMs } });
    await test.store.accept([open]);
    await test.store.clean(startMs + 29 * dayMs, retention, limit);
    expect(await exists(first)).toBe(true);
    await test.store.clean(startMs + 31 * dayMs, retention, limit);
    expect(await exists(first)).toBe(false);
    expect(await exists(open.deliveries[0]?.id ?? expect.fail())).toBe(true);
    expect(await test.store.readStates([first])).toEqual([undefined]);

    const short = { ...retention, messagesMs: 0 };
    const second = await delivered("b");
    await test.store.clean(startMs + dayMs, short, limit);
    expect(await exists(second)).toBe(true);
    expect((await test.store.readReports(account, 0, 100)).length).toBeGreaterThan(0);
  });

  it("deletes a large message in bounded steps", async () => {
    const acceptance = buildAcceptance({ recipients: 25, rejected: true });
    await test.store.accept([acceptance]);
    const batches: number[] = [];
    test.store.onCommit(({ rows }) => batches.push(rows));
    await test.store.clean(startMs + 60 * dayMs, retention, 10);
    expect((await test.store.listMessages(account, {}, { before: undefined, limit: 1 })).messages).toEqual(
      [],
    );
    expect(batches.length).toBeGreaterThan(3);
  });

  it("forgets request ids, SMSC ids and parked receipts in their time", async () => {
    const request = { id: "r", hash: "h" };
    const id = await acceptSubmitted(test.store, test.claimant, ["x"], { request });
    await test.store.recordReceipts([buildReceipt("nobody")]);
    await test.store.clean(startMs + 2 * dayMs, { ...retention, bodiesMs: 90 * dayMs }, limit);
    expect((await test.store.backlog()).parkedReceipts).toBe(1);
    await test.store.clean(startMs + 2 * dayMs + hourMs, retention, limit);
    expect((await test.store.backlog()).parkedReceipts).toBe(0);
    const [replayed] = await test.store.accept([buildAcceptance({ request })]);
    expect(replayed).toEqual({ kind: "known", messageId: messageIdOf(id), hash: "h" });
    await test.store.clean(startMs + 9 * dayMs, retention, limit);
    const [accepted] = await test.store.accept([buildAcceptance({ request })]);
    expect(accepted?.kind).toBe("accepted");
    const [receipt] = await test.store.recordReceipts([buildReceipt("x")]);
    expect(receipt).toEqual({ kind: "parked" });
  });

  it("P48 finds what commits below the mark that cleaning has come to", async () => {
    const atOnce = { ...retention, bodiesMs: 0 };
    const [low, high] = [newMessageId(), newMessageId()];
    await delivered("committed first", { message: { id: high } });
    expect(await test.store.clean(startMs + 6_000, atOnce, limit)).toBe(1);
    await delivered("committed later", { message: { id: low } });
    expect(await test.store.clean(startMs + hourMs - 1, atOnce, limit)).toBe(0);
    expect(await test.store.clean(startMs + hourMs + 6_000, atOnce, limit)).toBe(1);
    expect(await test.store.clean(startMs + 2 * hourMs, atOnce, limit)).toBe(0);
  });

  it("ends between two commits when it is stopped, and goes on where it was", async () => {
    for (let round = 0; round < 30; round += 1)
      await test.store.accept([buildAcceptance({ rejected: true })]);
    const stopping = new AbortController();
    let commits = 0;
    test.store.onCommit(() => {
      commits += 1;
      if (commits === 2) stopping.abort();
    });
    const nowMs = startMs + 60 * dayMs;
    const rows = await test.store.clean(nowMs, retention, 10, stopping.signal);
    expect(rows).toBeGreaterThan(0);
    expect(rows).toBeLessThanOrEqual(20);
    expect(commits).toBe(2);
    await test.store.clean(nowMs, retention, 10);
    expect(await test.store.listMessages(account, {}, { before: undefined, limit: 1 })).toMatchObject({
      messages: [],
    });
  });
});

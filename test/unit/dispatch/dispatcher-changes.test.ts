import { describe, expect, it } from "vitest";
import { messageIdOf, toAccountId, toGatewayId } from "../../../src/domain/ids.ts";
import { routeOf, useDispatchWorld } from "../../support/dispatch-world.ts";
import { accepted, createMemoryGateway, refused } from "../../support/memory-gateway.ts";

const open = useDispatchWorld();

describe("a dispatcher whose surroundings change", () => {
  it("gives an untried delivery its former place back, before what was accepted after it", async () => {
    const north = createMemoryGateway("north", { window: 1, script: () => new Promise(() => {}) });
    const { send, dispatcher, clock, advance, store } = await open({
      gateways: [north],
      routes: { north: { pdusPerSecond: 1 } },
    });
    await send({ wantsClaim: false });
    await north.arrivals.next();
    const [older] = await send({});
    await advance(1_000);
    const [younger] = await send({ wantsClaim: false });
    await advance(1_000);
    expect(dispatcher.figures().gateways.get(north.id)?.inMemory.NORMAL).toBe(1);
    dispatcher.pause(north.id, "works");
    await advance(500);
    const { claimant } = await store.join(clock.now());
    const limits = { OTP: 9, NORMAL: 9, BULK: 9 };
    const claim = await store.claim({ claimant, gatewayId: north.id, limits, nowMs: clock.now() });
    expect(claim.deliveries.map((one) => one.id).slice(-2)).toEqual([older, younger]);
  });

  it("hands back what was marked for its first PDU and had not left when it stopped", async () => {
    const north = createMemoryGateway("north", { window: 1 });
    const { send, dispatcher, store, settledCount } = await open({
      gateways: [north],
      routes: { north: { pdusPerSecond: 1, burst: 1 } },
    });
    await send({ wantsClaim: false });
    await settledCount(1);
    const [id] = await send({ duplicatePolicy: "AT_MOST_ONCE" });
    await dispatcher.stop(1_000);
    if (id !== undefined) expect(await store.readStates([id])).toEqual(["QUEUED"]);
    expect(north.submissions).toHaveLength(1);
  });

  it("takes another configuration, and finishes at the old gateway what it has begun", async () => {
    const answers: (() => void)[] = [];
    const old = createMemoryGateway("a", {
      window: 1,
      script: ({ partNumbers }) =>
        new Promise((resolve) => answers.push(() => resolve(partNumbers.map((number) => accepted(number))))),
    });
    const { send, dispatcher, until, view } = await open({ gateways: [old] });
    const [begun] = await send({ wantsClaim: false });
    await old.arrivals.next();
    const [waiting] = await send({});
    const next = createMemoryGateway("a");
    next.start({
      ...dispatcher.listenerFor(next.id),
      onReceipt: () => Promise.resolve(),
      onUnparsableReceipt: () => Promise.resolve(),
      onIncoming: () => Promise.resolve(),
    });
    dispatcher.reload(new Map([[next.id, next]]), [routeOf(next, 0)]);
    if (begun === undefined || waiting === undefined) throw new Error("nothing was sent");
    await until(waiting, "SUBMITTED");
    expect(next.submissions.map((one) => one.deliveryId)).toEqual([waiting]);
    for (const answer of answers) answer();
    await until(begun, "SUBMITTED");
    expect((await view(begun)).attempts).toHaveLength(1);
    old.setStatus({ kind: "stopped", reason: "replaced" });
    expect(dispatcher.health(next.id)).toEqual({ kind: "ready" });
  });

  it("goes on under the new name of a gateway with what it had begun under the former one", async () => {
    const answers: (() => void)[] = [];
    const old = createMemoryGateway("old", {
      script: () =>
        new Promise((resolve) =>
          answers.push(() => resolve([accepted(1), refused(2, "temporary"), accepted(3)])),
        ),
    });
    const { send, dispatcher, until, view, store, advance } = await open({ gateways: [old] });
    const text = "long ".repeat(80);
    const [waited] = await send({ text, duplicatePolicy: "AT_MOST_ONCE" });
    await advance(250);
    expect(answers).toHaveLength(1);
    answers.shift()?.();
    await advance(250);
    const [underWay] = await send({ text });
    await advance(250);
    expect(answers).toHaveLength(1);
    if (waited === undefined || underWay === undefined) throw new Error("nothing was sent");
    const next = createMemoryGateway("today");
    next.start({
      ...dispatcher.listenerFor(next.id),
      onReceipt: () => Promise.resolve(),
      onUnparsableReceipt: () => Promise.resolve(),
      onIncoming: () => Promise.resolve(),
    });
    const formerIds = [old.id];
    dispatcher.reload(new Map([[next.id, next]]), [routeOf(next, 0, { formerIds })]);
    answers.shift()?.();
    const renamed = new Map([[old.id, next.id]]);
    await store.adoptOrphans([next.id], next.id, 10, renamed);
    dispatcher.wake(next.id);
    await advance(10_000);
    for (const id of [waited, underWay]) {
      await until(id, "SUBMITTED");
      const sent = next.submissions.filter(({ deliveryId }) => deliveryId === id);
      expect(sent.map(({ partNumbers }) => partNumbers.map((number) => number))).toEqual([[2]]);
      expect((await view(id)).attempts).toHaveLength(1);
    }
  });

  it("cancels instead of retrying what was asked to be cancelled while it was under way", async () => {
    let refuse: (() => void) | undefined;
    const north = createMemoryGateway("north", {
      script: () => new Promise((resolve) => (refuse = () => resolve([refused(1, "temporary")]))),
    });
    const { send, until, store, clock } = await open({ gateways: [north] });
    const [id] = await send({});
    if (id === undefined) throw new Error("nothing was sent");
    await north.arrivals.next();
    const outcome = await store.cancel(toAccountId("acme"), messageIdOf(id), clock.now());
    expect(outcome).toMatchObject([{ result: "PENDING" }]);
    refuse?.();
    await until(id, "CANCELLED");
    expect(north.submissions).toHaveLength(1);
  });

  it("does not send under AT_MOST_ONCE what was cancelled before it was marked", async () => {
    const north = createMemoryGateway("north", { window: 1, script: () => new Promise(() => {}) });
    const { send, until, store, clock } = await open({ gateways: [north] });
    await send({ wantsClaim: false });
    await north.arrivals.next();
    const [id] = await send({ duplicatePolicy: "AT_MOST_ONCE" });
    if (id === undefined) throw new Error("nothing was sent");
    await store.cancel(toAccountId("acme"), messageIdOf(id), clock.now());
    north.room = () => 1;
    clock.advance(250);
    await until(id, "CANCELLED");
    expect(north.submissions).toHaveLength(1);
  });

  it("P27 lets a one-time code pass a flood in the other lanes, in memory and in the store", async () => {
    const north = createMemoryGateway("north");
    const { send, advance } = await open({
      gateways: [north],
      routes: { north: { pdusPerSecond: 20, burst: 1 } },
    });
    await send(...Array.from({ length: 200 }, () => ({ lane: "BULK" as const, wantsClaim: false })));
    await advance(500, 50);
    const before = north.submissions.length;
    const [code] = await send({ lane: "OTP" });
    await advance(100, 50);
    expect(north.submissions.slice(before, before + 2).map((one) => one.deliveryId)).toContain(code);
  });

  it("reserves no place while it is not started, paused, behind a backlog, or for an unknown gateway", async () => {
    const north = createMemoryGateway("north");
    const { dispatcher, send, settledCount } = await open({ gateways: [north], isStarted: false });
    expect(dispatcher.reserve(north.id, "NORMAL", 1)).toBe(0);
    dispatcher.start();
    const [id] = await send({});
    await settledCount(1);
    expect(id).toBeDefined();
    expect(dispatcher.reserve(north.id, "NORMAL", 3)).toBe(3);
    dispatcher.release(north.id, "NORMAL", 3);
    dispatcher.pause(north.id, "works");
    expect(dispatcher.reserve(north.id, "NORMAL", 1)).toBe(0);
    expect(dispatcher.reserve(toGatewayId("nowhere"), "NORMAL", 1)).toBe(0);
  });
});

import { describe, expect, it } from "vitest";
import { useDispatchWorld } from "../../support/dispatch-world.ts";
import { accepted, ambiguous, createMemoryGateway, refused, unsent } from "../../support/memory-gateway.ts";

const open = useDispatchWorld();

/** Five GSM parts. */
const longText = "0123456789".repeat(70);

describe("a dispatcher", () => {
  it("submits what was claimed in the accepting transaction without reading it back", async () => {
    const gateway = createMemoryGateway("a");
    const { send, until, view, claims, settledCount } = await open({ gateways: [gateway] });
    const [first] = await send({ wantsClaim: false });
    if (first === undefined) throw new Error("nothing was sent");
    await until(first, "SUBMITTED");
    const asked = claims.length;
    const ids = await send({}, {}, {});
    await settledCount(4);
    for (const id of ids) expect(await until(id, "SUBMITTED")).toBe("SUBMITTED");
    expect(claims.length).toBe(asked);
    expect(gateway.submissions).toHaveLength(4);
    const seen = await view(first);
    expect(seen.attempts).toMatchObject([{ number: 1, gatewayId: "a", outcome: "ACCEPTED" }]);
    expect(seen.attempts[0]?.parts).toHaveLength(1);
  });

  it("claims what waits in the store, in order", async () => {
    const gateway = createMemoryGateway("a");
    const { send, settledCount, dispatcher } = await open({ gateways: [gateway], isStarted: false });
    const ids = await send(...Array.from({ length: 50 }, () => ({})));
    dispatcher.start();
    await settledCount(50);
    expect(gateway.submissions.map((submission) => submission.deliveryId)).toEqual(ids);
  });

  it("P13 goes to the next gateway when the first refuses the route, with both attempts in the trace", async () => {
    const north = createMemoryGateway("north", { script: () => [refused(1, "route")] });
    const south = createMemoryGateway("south");
    const { send, until, view } = await open({ gateways: [north, south] });
    const [id] = await send({});
    if (id === undefined) throw new Error("nothing was sent");
    await until(id, "SUBMITTED");
    const { attempts } = await view(id);
    expect(attempts).toMatchObject([
      { number: 1, gatewayId: "north", outcome: "REFUSED_ROUTE", parts: [{ commandStatus: 0x45 }] },
      {
        number: 2,
        gatewayId: "south",
        outcome: "ACCEPTED",
        trace: { leftOut: [{ gatewayId: "north", reason: "REFUSED_BEFORE" }] },
      },
    ]);
  });

  it("P13 ends REJECTED at once when the recipient is refused", async () => {
    const north = createMemoryGateway("north", { script: () => [refused(1, "recipient")] });
    const south = createMemoryGateway("south");
    const { send, until } = await open({ gateways: [north, south] });
    const [id] = await send({});
    if (id === undefined) throw new Error("nothing was sent");
    await until(id, "REJECTED");
    expect(south.submissions).toHaveLength(0);
  });

  it("P23 tells since when the oldest waits in memory that no gateway was tried with yet", async () => {
    const north = createMemoryGateway("north", { window: 0 });
    const { send, dispatcher, clock } = await open({ gateways: [north] });
    const sinceMs = clock.now();
    await send({ lane: "OTP" });
    clock.advance(100);
    await expect
      .poll(() => dispatcher.figures().gateways.get(north.id))
      .toMatchObject({
        inMemory: { OTP: 1, NORMAL: 0, BULK: 0 },
        oldestInMemoryMs: { OTP: sinceMs, NORMAL: undefined, BULK: undefined },
      });
  });

  it("P13 ends REJECTED only when every gateway has refused for good", async () => {
    const refuse = () => [refused(1, "route")];
    const gateways = [
      createMemoryGateway("a", { script: refuse }),
      createMemoryGateway("b", { script: refuse }),
    ];
    const { send, until, view } = await open({ gateways });
    const [id] = await send({});
    if (id === undefined) throw new Error("nothing was sent");
    await until(id, "REJECTED");
    expect(await view(id)).toMatchObject({ code: "ALL_GATEWAYS_FAILED", reason: "REFUSED", attemptCount: 2 });
  });

  it("P13 retries a temporary refusal twice here, then goes to the next gateway", async () => {
    const north = createMemoryGateway("north", { script: () => [refused(1, "temporary")] });
    const south = createMemoryGateway("south");
    const { send, until, view, clock, settledCount } = await open({ gateways: [north, south] });
    const [id] = await send({});
    if (id === undefined) throw new Error("nothing was sent");
    for (let i = 1; i <= 2; i++) {
      await settledCount(i);
      clock.advance(5_000);
    }
    await until(id, "SUBMITTED");
    expect(north.submissions).toHaveLength(3);
    expect((await view(id)).attempts.map((attempt) => [attempt.gatewayId, attempt.outcome])).toEqual([
      ["north", "TEMPORARY"],
      ["north", "TEMPORARY"],
      ["north", "TEMPORARY"],
      ["south", "ACCEPTED"],
    ]);
  });

  it("P13 takes the next gateway at once in the OTP lane", async () => {
    const north = createMemoryGateway("north", { script: () => [refused(1, "temporary")] });
    const south = createMemoryGateway("south");
    const { send, until } = await open({ gateways: [north, south] });
    const [id] = await send({ lane: "OTP" });
    if (id === undefined) throw new Error("nothing was sent");
    await until(id, "SUBMITTED");
    expect(north.submissions).toHaveLength(1);
    expect(south.submissions).toHaveLength(1);
  });

  it("P14 sends all parts again under a new reference when a long message fails over half-way", async () => {
    const north = createMemoryGateway("north", {
      script: ({ partNumbers }) =>
        partNumbers.map((number) =>
          number < 3 ? accepted(number, `n${number}`) : number === 3 ? refused(3, "route") : unsent(number),
        ),
    });
    const south = createMemoryGateway("south");
    const { send, until, view } = await open({ gateways: [north, south] });
    const [id] = await send({ text: longText });
    if (id === undefined) throw new Error("nothing was sent");
    await until(id, "SUBMITTED");
    expect(south.submissions[0]?.partNumbers).toEqual([1, 2, 3, 4, 5]);
    const { attempts } = await view(id);
    expect(attempts[0]?.reference).toBeTypeOf("number");
    expect(attempts[1]?.reference).not.toBe(attempts[0]?.reference);
    expect(attempts[1]?.trace.marks).toEqual(["FAILOVER_WITH_PARTS_ACCEPTED"]);
    expect(attempts[0]?.parts.map((part) => part.outcome)).toEqual([
      "ACCEPTED",
      "ACCEPTED",
      "REFUSED_ROUTE",
      "UNSENT",
      "UNSENT",
    ]);
  });

  it("P14 retries a temporarily refused part alone, at the same gateway under the same reference", async () => {
    const north = createMemoryGateway("north", {
      script: ({ partNumbers }, turn) =>
        partNumbers.map((number) =>
          turn === 1 && number === 2 ? refused(2, "temporary") : accepted(number, `n${turn}-${number}`),
        ),
    });
    const { send, until, view, clock, settledCount } = await open({ gateways: [north] });
    const [id] = await send({ text: longText });
    if (id === undefined) throw new Error("nothing was sent");
    await settledCount(1);
    clock.advance(2_000);
    await until(id, "SUBMITTED");
    expect(north.submissions.map(({ partNumbers }) => partNumbers)).toEqual([[1, 2, 3, 4, 5], [2]]);
    const [one, two] = north.submissions;
    expect([two?.plan, two?.reference, two?.attempt]).toEqual([one?.plan, one?.reference, 1]);
    expect(one?.reference).toBeTypeOf("number");
    const { attempts } = await view(id);
    expect(attempts).toHaveLength(1);
    expect(attempts[0]?.parts.map((part) => part.outcome)).toEqual(Array(5).fill("ACCEPTED"));
  });

  it("P12 resends only the unanswered parts at the same gateway under AT_LEAST_ONCE", async () => {
    const north = createMemoryGateway("north", {
      script: ({ partNumbers }, turn) =>
        partNumbers.map((number) =>
          turn === 1 && number > 3 ? ambiguous(number) : accepted(number, `n${number}`),
        ),
    });
    const south = createMemoryGateway("south");
    const { send, until, clock, settledCount, view } = await open({ gateways: [north, south] });
    const [id] = await send({ text: longText });
    if (id === undefined) throw new Error("nothing was sent");
    await settledCount(1);
    clock.advance(2_000);
    await until(id, "SUBMITTED");
    expect(north.submissions.map(({ partNumbers }) => partNumbers)).toEqual([
      [1, 2, 3, 4, 5],
      [4, 5],
    ]);
    expect(south.submissions).toHaveLength(0);
    expect((await view(id)).attempts[0]?.outcome).toBe("ACCEPTED");
  });

  it("P12 fails over with all parts and a mark when the gateway of an ambiguity cannot send", async () => {
    const north = createMemoryGateway("north", {
      script: ({ partNumbers }) => {
        north.setStatus({ kind: "connecting", reason: "the session was lost" });
        return partNumbers.map((number) => ambiguous(number));
      },
    });
    const south = createMemoryGateway("south");
    const { send, until, view, advance } = await open({ gateways: [north, south] });
    const [id] = await send({ text: longText });
    if (id === undefined) throw new Error("nothing was sent");
    await advance(2_500);
    // It may be back in a moment, and has the rest.
    expect(south.submissions).toHaveLength(0);
    await advance(1_500);
    await until(id, "SUBMITTED");
    expect(south.submissions[0]?.partNumbers).toHaveLength(5);
    const { attempts } = await view(id);
    expect(attempts[1]).toMatchObject({ gatewayId: "south", trace: { marks: ["FAILOVER_AFTER_AMBIGUITY"] } });
    expect(attempts[1]?.reference).not.toBe(attempts[0]?.reference);
  });

  it("P12 writes no part twice under AT_MOST_ONCE, sends those never written, and ends UNKNOWN", async () => {
    const north = createMemoryGateway("north", {
      script: ({ partNumbers }, turn) =>
        partNumbers.map((number) => {
          if (turn > 1 || number < 3) return accepted(number, `n${number}`);
          return number === 3 ? ambiguous(3) : unsent(number, "no_session");
        }),
    });
    const south = createMemoryGateway("south");
    const { send, until, view, settledCount, clock } = await open({ gateways: [north, south] });
    const [id] = await send({ text: longText, duplicatePolicy: "AT_MOST_ONCE" });
    if (id === undefined) throw new Error("nothing was sent");
    await settledCount(1);
    clock.advance(2_000);
    await until(id, "UNKNOWN");
    expect(north.submissions.map(({ partNumbers }) => partNumbers)).toEqual([
      [1, 2, 3, 4, 5],
      [4, 5],
    ]);
    expect(south.submissions).toHaveLength(0);
    expect(await view(id)).toMatchObject({ reason: "AMBIGUOUS" });
  });

  it("P12 commits SUBMITTING before the first PDU under AT_MOST_ONCE", async () => {
    const seen: unknown[] = [];
    const north = createMemoryGateway("north");
    const { send, until, store } = await open({ gateways: [north] });
    north.script = async (submission) => {
      seen.push((await store.readStates([submission.deliveryId]))[0]);
      return [ambiguous(1)];
    };
    const [once] = await send({ duplicatePolicy: "AT_MOST_ONCE" });
    if (once === undefined) throw new Error("nothing was sent");
    await until(once, "UNKNOWN");
    expect(seen).toEqual(["SUBMITTING"]);
    expect(north.submissions).toHaveLength(1);
  });

  it("P15 P58 keeps the order where the gateway throttles, and spends no retry budget", async () => {
    let throttled = 0;
    const north = createMemoryGateway("north", {
      window: 1,
      script: ({ partNumbers }) => {
        if (throttled < 3) {
          throttled++;
          return [refused(1, "throttled")];
        }
        return partNumbers.map((number) => accepted(number, `x${++throttled}`));
      },
    });
    const { send, advance, dispatcher, view } = await open({
      gateways: [north],
      routes: { north: { pdusPerSecond: 10, burst: 1 } },
    });
    const ids = await send({}, {}, {});
    await advance(2_000, 50);
    const order = north.submissions.map((submission) => submission.deliveryId);
    expect(order).toEqual([ids[0], ids[0], ids[0], ids[0], ids[1], ids[2]]);
    const figures = dispatcher.figures().gateways.get(north.id);
    // Three answers are too few to judge the rate by.
    expect(figures?.slowdown).toBe(1);
    const [first] = ids;
    if (first !== undefined) expect((await view(first)).attemptCount).toBe(1);
  });

  it("P21 claims nothing while no gateway can send, and goes on when one is bound", async () => {
    const north = createMemoryGateway("north");
    const { send, settledCount, claims, advance } = await open({ gateways: [north] });
    const warm = await send({});
    await settledCount(warm.length);
    north.setStatus({ kind: "connecting", reason: "refused" });
    const asked = claims.length;
    const sent = send(...Array.from({ length: 20 }, () => ({})));
    await sent;
    await advance(700_000, 7_000);
    expect(claims.length).toBe(asked);
    expect(north.submissions).toHaveLength(1);
    north.setStatus({ kind: "ready" });
    await settledCount(21);
    expect(north.submissions.slice(1).map((one) => one.deliveryId)).toEqual(await sent);
  });

  it("P21 routes what waits for a gateway that is down again, to those that work", async () => {
    const north = createMemoryGateway("north");
    const south = createMemoryGateway("south");
    const { send, until, dispatcher, view } = await open({ gateways: [north, south], isStarted: false });
    const ids = await send(...Array.from({ length: 30 }, () => ({})));
    north.setStatus({ kind: "connecting", reason: "refused" });
    dispatcher.start();
    for (const id of ids) await until(id, "SUBMITTED");
    expect(north.submissions).toHaveLength(0);
    expect(south.submissions.map((submission) => submission.deliveryId)).toEqual(ids);
    const [first] = ids;
    if (first === undefined) return;
    expect((await view(first)).attempts[0]?.trace.leftOut).toEqual([{ gatewayId: "north", reason: "DOWN" }]);
  });

  it("P21 does not spin over deliveries that no working gateway may carry", async () => {
    const north = createMemoryGateway("north");
    const south = createMemoryGateway("south");
    const { send, dispatcher, claims, settledCount, advance, until } = await open({
      gateways: [north, south],
      routes: { south: { rules: { countries: { allow: ["DE"] } } } },
      isStarted: false,
    });
    const ids = await send(...Array.from({ length: 20 }, () => ({})));
    north.setStatus({ kind: "connecting", reason: "refused" });
    dispatcher.start();
    await settledCount(20);
    const before = claims.length;
    await advance(60_000);
    expect(claims.slice(before).filter((claim) => claim.gatewayId === "north").length).toBeLessThanOrEqual(
      36,
    );
    expect(south.submissions).toHaveLength(0);
    north.setStatus({ kind: "ready" });
    await advance(10_000);
    for (const id of ids) await until(id, "SUBMITTED");
    expect(new Set(north.submissions.map((one) => one.deliveryId))).toEqual(new Set(ids));
  });

  it("pauses and resumes a gateway by hand", async () => {
    const north = createMemoryGateway("north");
    const { send, settledCount, dispatcher } = await open({ gateways: [north] });
    dispatcher.pause(north.id, "maintenance");
    expect(dispatcher.health(north.id)).toEqual({ kind: "paused", reason: "maintenance" });
    const ids = await send({}, {});
    expect(north.submissions).toHaveLength(0);
    dispatcher.resume(north.id);
    await settledCount(2);
    expect(north.submissions.map((one) => one.deliveryId)).toEqual(ids);
  });

  it("hands back unclaimed, at its former place, what had not left when it stopped", async () => {
    const north = createMemoryGateway("north", { window: 1, script: () => new Promise(() => {}) });
    const { send, dispatcher, store, clock } = await open({ gateways: [north] });
    await send({ wantsClaim: false });
    await north.arrivals.next();
    const ids = await send({}, {}, {});
    const stopped = dispatcher.stop(500);
    clock.advance(500);
    await stopped;
    const claim = await store.claim({
      claimant: (await store.join(clock.now())).claimant,
      gatewayId: north.id,
      limits: { OTP: 10, NORMAL: 10, BULK: 10 },
      nowMs: clock.now(),
    });
    expect(claim.deliveries.slice(-3).map((delivery) => delivery.id)).toEqual(ids);
  });

  it("ends EXPIRED what is past its time right before a PDU would be written", async () => {
    const north = createMemoryGateway("north", { window: 1, script: () => new Promise(() => {}) });
    const { send, until, clock } = await open({ gateways: [north] });
    await send({ wantsClaim: false });
    await north.arrivals.next();
    const [id] = await send({ expireTimeMs: clock.now() + 60_000 });
    if (id === undefined) throw new Error("nothing was sent");
    north.script = ({ partNumbers }) => partNumbers.map((number) => accepted(number));
    clock.advance(60_000);
    north.room = () => 1;
    clock.advance(250);
    await until(id, "EXPIRED");
    expect(north.submissions).toHaveLength(1);
  });

  it("P23 holds no more in memory than its places, whatever the backlog", async () => {
    const north = createMemoryGateway("north", { window: 1, script: () => new Promise(() => {}) });
    const { send, dispatcher, advance } = await open({
      gateways: [north],
      routes: { north: { pdusPerSecond: 10 } },
    });
    for (let i = 0; i < 5; i++)
      await send(...Array.from({ length: 50 }, () => ({ wantsClaim: i % 2 === 0 })));
    await advance(5_000);
    const figures = dispatcher.figures().gateways.get(north.id);
    expect(figures?.inMemory.NORMAL).toBeLessThanOrEqual(20);
    expect(figures?.hasBacklog).toBe(true);
  });

  it("P22 tells which gateway is stuck", async () => {
    const north = createMemoryGateway("north", { window: 1, script: () => new Promise(() => {}) });
    const { send, dispatcher, clock } = await open({ gateways: [north] });
    await send({ wantsClaim: false }, { wantsClaim: false });
    await north.arrivals.next();
    expect(dispatcher.stuck()).toEqual([]);
    clock.advance(61_000);
    expect(dispatcher.stuck()).toEqual([north.id]);
  });

  it("ends UNKNOWN at once what a gateway without receipts has accepted", async () => {
    const north = createMemoryGateway("north");
    const { send, until, view } = await open({
      gateways: [north],
      routes: { north: { expectsReceipts: false } },
    });
    const [id] = await send({});
    if (id === undefined) throw new Error("nothing was sent");
    await until(id, "UNKNOWN");
    expect(await view(id)).toMatchObject({ reason: "NO_RECEIPTS" });
  });
});

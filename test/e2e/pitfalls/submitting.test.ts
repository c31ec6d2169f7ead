/** What a hostile SMSC does to submits (P12 to P18), through the whole service. */
import { Socket } from "node:net";
import { describe, expect, it, vi } from "vitest";
import { AttemptMark, AttemptOutcome, DeliveryState } from "../../../src/gen/smsrelay/v1/delivery.ts";
import { DuplicatePolicy, Lane } from "../../../src/gen/smsrelay/v1/message.ts";
import { type ServiceWorld, startServiceWorld } from "../../support/service-world.ts";

const { DELIVERY_STATE_DELIVERED: DELIVERED, DELIVERY_STATE_REJECTED: REJECTED } = DeliveryState;
const { DELIVERY_STATE_UNKNOWN: UNKNOWN, DELIVERY_STATE_SUBMITTED: SUBMITTED } = DeliveryState;
const { ATTEMPT_OUTCOME_ACCEPTED: ACCEPTED, ATTEMPT_OUTCOME_AMBIGUOUS: AMBIGUOUS } = AttemptOutcome;
const AT_MOST_ONCE = DuplicatePolicy.DUPLICATE_POLICY_AT_MOST_ONCE;
const LONG = "A long text that needs several parts. ".repeat(10);
/** Only a jump makes an answer late, however busy the machine is. */
const patient = { responseTimeout: "10m", ambiguityHold: "100ms" };

/** Lets the answer be overdue that is still to come, once so many submits were written. */
async function letAnswerBeOverdue(world: ServiceWorld, submitCount: number): Promise<void> {
  await world.smsc.waitUntil(({ submits }) => submits === submitCount);
  await world.untilGateway("north", ({ inFlightCount }) => inFlightCount === 1);
  world.clock.jump(600_000);
}

describe("a submit without an answer", () => {
  it.each([
    ["no answer", { kind: "no-answer", times: 1 }],
    ["a nack without sequence number", { kind: "nack-without-sequence", times: 1 }],
  ] as const)(
    "P12 is sent again at the same gateway after %s, although another stands by",
    async (_name, spec) => {
      await using world = await startServiceWorld([{ gateway: patient }, {}]);
      world.smsc.behave(spec);
      const sent = await world.send();
      await letAnswerBeOverdue(world, 1);
      expect(await world.ended(sent)).toMatchObject({ state: DELIVERED, gatewayId: "north" });
      const { attempts } = await world.status(sent);
      expect(attempts).toMatchObject([{ outcome: ACCEPTED, marks: [AttemptMark.ATTEMPT_MARK_RESUMED] }]);
      expect(world.smscs.map((smsc) => smsc.counters().submits)).toEqual([2, 0]);
      const { text } = await world.get("/metrics");
      expect(text).toContain('sms_relay_ambiguous_parts_total{gateway="north"} 1');
    },
  );

  it.each(["reset", "close"] as const)(
    "P12 waits for its session after a %s where there is no other way",
    async (how) => {
      await using world = await startServiceWorld([{ gateway: patient }]);
      world.smsc.behave({ kind: "drop", how, times: 1 });
      const sent = await world.send();
      expect(await world.ended(sent)).toMatchObject({ state: DELIVERED });
      expect(world.smsc.counters()).toMatchObject({ submits: 2, binds: 2 });
    },
  );

  it("P12 goes over to another gateway only when its own is gone, and says so", async () => {
    await using world = await startServiceWorld([
      { gateway: { ...patient, reconnectMin: "1h", reconnectMax: "1h" } },
      {},
    ]);
    world.smsc.behave({ kind: "drop", times: 1 });
    const sent = await world.send();
    expect(await world.ended(sent)).toMatchObject({ state: DELIVERED, gatewayId: "south" });
    const { attempts } = await world.status(sent);
    expect(attempts).toMatchObject([
      { gatewayId: "north", outcome: AMBIGUOUS },
      { gatewayId: "south", outcome: ACCEPTED, marks: [AttemptMark.ATTEMPT_MARK_FAILOVER_AFTER_AMBIGUITY] },
    ]);
  });

  it("P12 is written once under AT_MOST_ONCE, and ends UNKNOWN", async () => {
    await using world = await startServiceWorld([{ gateway: patient }, {}]);
    world.smsc.behave({ kind: "no-answer" }, { kind: "no-receipt" });
    const sent = await world.send({ duplicatePolicy: AT_MOST_ONCE });
    await letAnswerBeOverdue(world, 1);
    expect(await world.ended(sent)).toMatchObject({ state: UNKNOWN });
    expect(world.smscs.map((smsc) => smsc.counters().submits)).toEqual([1, 0]);
  });

  it("P12 is known to be accepted when a receipt echoes its reference", async () => {
    await using world = await startServiceWorld([
      {
        simulator: { receiptDelayMs: 604_000 },
        gateway: { ...patient, ambiguityHold: "10m", echoesUserMessageReference: true },
      },
    ]);
    world.smsc.behave({ kind: "no-answer" });
    const sent = await world.send({ duplicatePolicy: AT_MOST_ONCE });
    await letAnswerBeOverdue(world, 1);
    world.clock.jump(5_000);
    expect(await world.ended(sent)).toMatchObject({ state: DELIVERED });
    expect(world.smsc.counters().submits).toBe(1);
  });

  it("P12 is settled by the answer when that comes late", async () => {
    await using world = await startServiceWorld([{ gateway: { ...patient, ambiguityHold: "10m" } }]);
    world.smsc.behave({ kind: "slow-answer", delayMs: 604_000 });
    const sent = await world.send();
    await letAnswerBeOverdue(world, 1);
    world.clock.jump(5_000);
    expect(await world.ended(sent)).toMatchObject({ state: DELIVERED });
    expect(world.smsc.counters().submits).toBe(1);
  });

  it("P12 takes only its own parts again, under the same reference", async () => {
    await using world = await startServiceWorld([{ gateway: patient }]);
    world.smsc.behave({ kind: "no-answer", after: 1, times: 1 });
    const sent = await world.send({ text: LONG });
    await letAnswerBeOverdue(world, 3);
    expect(await world.ended(sent)).toMatchObject({ state: DELIVERED });
    const parts = world.smsc.received().map(({ part }) => part);
    expect(parts.map((part) => part?.sequence)).toEqual([1, 2, 3, 2]);
    expect(new Set(parts.map((part) => part?.reference)).size).toBe(1);
  });

  it("P12 of one part under AT_MOST_ONCE writes the parts behind it, no part twice, and ends UNKNOWN", async () => {
    await using world = await startServiceWorld([{ gateway: patient }, {}]);
    world.smsc.behave({ kind: "no-answer", after: 1, times: 1 });
    const sent = await world.send({ text: LONG, duplicatePolicy: AT_MOST_ONCE });
    await letAnswerBeOverdue(world, 3);
    expect(await world.ended(sent)).toMatchObject({ state: UNKNOWN });
    expect(world.smsc.received().map(({ part }) => part?.sequence)).toEqual([1, 2, 3]);
    expect(world.smscs[1]?.counters().submits).toBe(0);
  });

  it("P12 leaves nothing behind when it is answered twice", async () => {
    await using world = await startServiceWorld();
    world.smsc.behave({ kind: "double-answer" });
    const sent = await Promise.all(Array.from({ length: 10 }, () => world.send()));
    for (const each of sent) expect(await world.ended(each)).toMatchObject({ state: DELIVERED });
    expect(world.smsc.counters().submits).toBe(10);
  });

  it("P18 is settled when its session goes, whatever else was in the window", async () => {
    await using world = await startServiceWorld([{ gateway: { window: 20 } }]);
    world.smsc.behave({ kind: "no-answer", times: 9 }, { kind: "drop", how: "reset", after: 9, times: 1 });
    const sent = await Promise.all(Array.from({ length: 10 }, () => world.send()));
    for (const each of sent) expect(await world.ended(each)).toMatchObject({ state: DELIVERED });
    expect(world.smsc.counters().submits).toBe(20);
    expect(await world.gateway("north")).toMatchObject({ inFlightCount: 0, boundSessionCount: 1 });
  });

  it("P18 is settled when the SMSC unbinds in mid-window", async () => {
    await using world = await startServiceWorld([{ gateway: { window: 20 } }]);
    world.smsc.behave({ kind: "unbind", after: 5, times: 1 }, { kind: "slow-answer", delayMs: 20 });
    const sent = await Promise.all(Array.from({ length: 12 }, () => world.send()));
    for (const each of sent) expect(await world.ended(each)).toMatchObject({ state: DELIVERED });
    expect(world.smsc.counters().drops).toBe(0);
  });
});

describe("a refused submit", () => {
  it.each([
    ["the recipient stops it", "99011", REJECTED, [1, 0]],
    ["the route sends it to the next gateway", "99013", DELIVERED, [1, 1]],
    ["a permanent error of the receiver sends it on too", "99016", DELIVERED, [1, 1]],
    ["a system error is tried again here, then elsewhere", "99012", DELIVERED, [3, 1]],
  ] as const)("P13 by %s", async (_name, suffix, state, submits) => {
    await using world = await startServiceWorld([{}, { simulator: { rules: [] } }]);
    const sent = await world.send({ to: `+47900${suffix}` });
    expect(await world.ended(sent)).toMatchObject({ state });
    expect(world.smscs.map((smsc) => smsc.counters().submits)).toEqual(submits);
  });

  it("P13 by every gateway ends REJECTED, with each attempt in the trace", async () => {
    await using world = await startServiceWorld([{}, {}]);
    const sent = await world.send({ to: "+4790099013" });
    expect(await world.ended(sent)).toMatchObject({ state: REJECTED });
    const { attempts } = await world.status(sent);
    expect(attempts.map(({ gatewayId, parts }) => [gatewayId, parts[0]?.commandStatus])).toEqual([
      ["north", 0x45n],
      ["south", 0x45n],
    ]);
  });

  it("P13 is what the gateway's statusClass says", async () => {
    await using world = await startServiceWorld([
      { gateway: { statusClass: { "0x0B": "route" } } },
      { simulator: { rules: [] } },
    ]);
    expect(await world.ended(await world.send({ to: "+4790099011" }))).toMatchObject({ gatewayId: "south" });
  });

  it("P13 goes to another gateway at once when one is unbound", async () => {
    await using world = await startServiceWorld([
      { simulator: { behaviours: [{ kind: "refuse-bind" }] } },
      {},
    ]);
    expect(await world.ended(await world.send())).toMatchObject({ state: DELIVERED, gatewayId: "south" });
  });

  it("P13 because the session is not bound for it binds again and spends no try", async () => {
    await using world = await startServiceWorld([{}, {}]);
    world.smsc.behave({ kind: "refuse-submit", status: 0x04, times: 1 });
    const sent = await world.send();
    expect(await world.ended(sent)).toMatchObject({ state: DELIVERED });
    await world.smsc.waitUntil(({ binds }) => binds === 2);
    expect(await world.gateway("north")).toMatchObject({ boundSessionCount: 1 });
  });

  it("P13 for the moment by every gateway goes round until the validity is over", async () => {
    await using world = await startServiceWorld([{}, {}]);
    for (const smsc of world.smscs) smsc.behave({ kind: "refuse-submit", status: 0x08 });
    const sent = await world.send();
    while ((await world.status(sent)).attemptCount < 8) world.clock.jump(10_000);
    expect((await world.status(sent)).state).toBe(DeliveryState.DELIVERY_STATE_QUEUED);
    world.clock.jump(86_400_000);
    expect(await world.ended(sent)).toMatchObject({ state: DeliveryState.DELIVERY_STATE_EXPIRED });
    const submits = world.smscs.map((smsc) => smsc.counters().submits);
    for (const count of submits) expect(count).toBeGreaterThan(1);
  });

  it("P14 half-way goes over to the next gateway with all its parts, under a new reference", async () => {
    await using world = await startServiceWorld([{}, {}]);
    world.smsc.behave({ kind: "refuse-submit", status: 0x45, after: 1 });
    const sent = await world.send({ text: LONG });
    expect(await world.ended(sent)).toMatchObject({ state: DELIVERED, gatewayId: "south" });
    const [north, south] = world.smscs.map((smsc) => smsc.received().map(({ part }) => part));
    expect(south?.map((part) => part?.sequence)).toEqual([1, 2, 3]);
    expect(new Set(south?.map((part) => part?.reference)).size).toBe(1);
    expect(south?.[0]?.reference).not.toBe(north?.[0]?.reference);
    const { attempts } = await world.status(sent);
    expect(attempts.at(-1)?.marks).toEqual([AttemptMark.ATTEMPT_MARK_FAILOVER_WITH_PARTS_ACCEPTED]);
  });

  it.each([
    ["ESME_RTHROTTLED", 0x58],
    ["ESME_RMSGQFUL", 0x14],
  ])("P15 with %s slows down, keeps the order and loses no try", async (_name, status) => {
    await using world = await startServiceWorld([{ gateway: { window: 1 } }, {}]);
    world.smsc.behave({ kind: "refuse-submit", status, after: 3, times: 4 });
    const sent = [];
    for (let i = 0; i < 20; i++) sent.push(await world.send({ text: `number ${i}` }));
    for (const each of sent) expect(await world.ended(each)).toMatchObject({ gatewayId: "north" });
    const taken = world.smsc.received().filter(({ commandStatus }) => commandStatus === 0);
    expect(taken.map(({ text }) => text)).toEqual(sent.map((_, i) => `number ${i}`));
    expect(world.smscs[1]?.counters().submits).toBe(0);
  });

  it("P15 with throttling that does not end is neither a refusal nor a reason to go elsewhere", async () => {
    await using world = await startServiceWorld([{}, {}]);
    world.smsc.behave({ kind: "refuse-submit", status: 0x58, times: 60 });
    const sent = await Promise.all(Array.from({ length: 20 }, () => world.send()));
    while (world.smsc.counters().refused < 60) {
      await world.smsc.waitUntil(({ refused }) => refused % 5 === 4 || refused >= 60);
      world.clock.jump(1_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (let i = 0; i < 60; i++) {
      world.clock.jump(1_000);
      await world.get("/healthz");
    }
    for (const each of sent)
      expect(await world.ended(each)).toMatchObject({ state: DELIVERED, gatewayId: "north" });
    expect(world.smscs[1]?.counters().submits).toBe(0);
  });

  it("P15 at a fixed rate still gets everything through", async () => {
    await using world = await startServiceWorld();
    world.smsc.behave({ kind: "throttle", perSecond: 50 });
    const sent = await Promise.all(Array.from({ length: 60 }, () => world.send()));
    for (const each of sent) expect(await world.ended(each)).toMatchObject({ state: DELIVERED });
    expect(world.smsc.counters().accepted).toBe(60);
  });
});

describe("the pace", () => {
  it("P16 counts parts, makes them wait, and never exceeds rate and burst", async () => {
    await using world = await startServiceWorld([{ gateway: { rate: 40, burst: 4 } }]);
    const startMs = Date.now();
    const sent = await Promise.all(
      Array.from({ length: 8 }, (_, i) => world.send({ text: LONG, to: `+479000001${i}0` })),
    );
    for (const each of sent) expect(await world.ended(each)).toMatchObject({ state: DELIVERED });
    const times = world.smsc.received().map(({ receivedTimeMs }) => receivedTimeMs);
    const lastMs = times.at(-1) ?? 0;
    expect(times).toHaveLength(24);
    expect(lastMs - startMs).toBeGreaterThanOrEqual(((24 - 4) * 1_000) / 40 - 2);
  });

  it("P17 fills the window and never exceeds it", async () => {
    await using world = await startServiceWorld([{ gateway: { window: 8 } }]);
    world.smsc.behave({ kind: "slow-answer", delayMs: 50 });
    let most = 0;
    const sent = await Promise.all(Array.from({ length: 40 }, () => world.send()));
    await world.smsc.waitUntil(({ submits, answered, accepted }) => {
      most = Math.max(most, submits - answered);
      return accepted === 40;
    });
    for (const each of sent) expect(await world.ended(each)).toMatchObject({ state: DELIVERED });
    expect(most).toBe(8);
  });

  it("P17 turns Nagle's algorithm off on every connection to an SMSC", async () => {
    const setNoDelay = vi.spyOn(Socket.prototype, "setNoDelay");
    try {
      await using world = await startServiceWorld([{ gateway: { sessions: 2 } }]);
      await world.smsc.waitUntil(({ binds }) => binds === 2);
      const ours = setNoDelay.mock.contexts.filter(
        (socket, i) =>
          socket instanceof Socket &&
          socket.remotePort === world.smsc.port &&
          setNoDelay.mock.calls[i]?.[0] === true,
      );
      expect(new Set(ours).size).toBe(2);
    } finally {
      setNoDelay.mockRestore();
    }
  });

  it("P27 a flood in the BULK lane does not hold a one-time code back", async () => {
    await using world = await startServiceWorld([{ gateway: { rate: 50, burst: 1 } }]);
    const flood = await world.send({
      recipients: Array.from({ length: 200 }, (_, i) => `+47900${String(i).padStart(5, "0")}`),
      lane: Lane.LANE_BULK,
    });
    await world.reported(flood, SUBMITTED);
    const code = await world.send({ text: "Your code is 1234", to: "+4791111111", lane: Lane.LANE_OTP });
    await world.reported(code, SUBMITTED);
    expect(world.smsc.counters().accepted).toBeLessThan(150);
  });
});

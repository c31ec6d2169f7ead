import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { defaultDispatchSettings } from "../../../src/dispatch/dispatch-settings.ts";
import type { DeliveryId } from "../../../src/domain/ids.ts";
import { toGatewayId } from "../../../src/domain/ids.ts";
import type { Lane } from "../../../src/domain/message.ts";
import type { Gateway } from "../../../src/gateways/gateway.ts";
import { createSmppGateway } from "../../../src/gateways/smpp/create-smpp-gateway.ts";
import { type SmppGatewaySettings, smppSettings } from "../../../src/gateways/smpp/settings.ts";
import { silentLogger } from "../../../src/observability/logger.ts";
import type { SimulatorOptions } from "../../../src/smsc/options.ts";
import { type Simulator, startSimulator } from "../../../src/smsc/start-simulator.ts";
import {
  createDispatchWorld,
  type DispatchWorld,
  type SendOptions,
  type WorldOptions,
} from "../../support/dispatch-world.ts";
import { findFreePort } from "../../support/free-port.ts";
import { createJumpingClock, type JumpingClock } from "../../support/jumping-clock.ts";
import { createSignalQueue } from "../../support/signal-queue.ts";

const simulators: Simulator[] = [];
let world: DispatchWorld | undefined;
let clock: JumpingClock;

beforeEach(() => {
  clock = createJumpingClock();
});
afterEach(async () => {
  await world?.close();
  world = undefined;
  for (const simulator of simulators.splice(0)) await simulator.stop({ abruptly: true });
});

/** So long that no answer is late on a busy machine: tests of what is not answered jump over it. */
const responseTimeoutMs = 600_000;

/** Quick in everything that would make a test wait. */
const settings = {
  ...defaultDispatchSettings,
  retry: { ...defaultDispatchSettings.retry, backoffMs: 20, maxBackoffMs: 100 },
  throttleDelayMs: 50,
  rerouteDelayMs: 200,
  tickMs: 50,
};

async function simulate(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator({ port: 0, receiptDelayMs: 5, ...options });
  simulators.push(simulator);
  return simulator;
}

function gatewayAt(id: string, port: number, overrides: Partial<SmppGatewaySettings> = {}): Gateway {
  return createSmppGateway(
    smppSettings({
      id: toGatewayId(id),
      host: "127.0.0.1",
      port,
      systemId: id,
      password: "secret",
      reconnectMinMs: 30,
      reconnectMaxMs: 100,
      responseTimeoutMs,
      ambiguityHoldMs: 50,
      ...overrides,
    }),
    { clock, random: Math.random, log: silentLogger },
  );
}

async function open(options: WorldOptions): Promise<DispatchWorld> {
  world = await createDispatchWorld({ clock, settings, ...options });
  return world;
}

async function sendOne(on: DispatchWorld, fields: SendOptions = {}): Promise<DeliveryId> {
  const [id] = await on.send(fields);
  if (id === undefined) throw new Error("nothing was sent");
  return id;
}

/** Five GSM parts. */
const longText = "0123456789".repeat(70);
const wrongSource = 0x0a;

describe("dispatching to real SMSCs", () => {
  it("delivers through the second gateway when the first refuses, and shows both attempts", async () => {
    const [one, two] = [await simulate({ rules: [{ submitStatus: wrongSource }] }), await simulate()];
    const on = await open({ gateways: [gatewayAt("north", one.port), gatewayAt("south", two.port)] });
    const id = await sendOne(on);
    await on.until(id, "SUBMITTED", "DELIVERED");
    await two.waitUntil((counters) => counters.receiptsAcknowledged === 1);
    const view = await on.view(id);
    expect(view.state).toBe("DELIVERED");
    expect(view.attempts).toMatchObject([
      {
        number: 1,
        gatewayId: "north",
        outcome: "REFUSED_ROUTE",
        parts: [{ number: 1, outcome: "REFUSED_ROUTE", commandStatus: wrongSource }],
      },
      {
        number: 2,
        gatewayId: "south",
        outcome: "ACCEPTED",
        trace: { leftOut: [{ gatewayId: "north", reason: "REFUSED_BEFORE" }], marks: [] },
        parts: [{ number: 1, outcome: "ACCEPTED", receipt: { verdict: "DELIVERED" } }],
      },
    ]);
  });

  it("P12 writes nothing twice under AT_MOST_ONCE when the session dies after the PDU", async () => {
    const [one, two] = [await simulate({ behaviours: [{ kind: "drop", times: 1 }] }), await simulate()];
    const on = await open({ gateways: [gatewayAt("north", one.port), gatewayAt("south", two.port)] });
    const id = await sendOne(on, { duplicatePolicy: "AT_MOST_ONCE" });
    await on.until(id, "UNKNOWN");
    expect(await on.view(id)).toMatchObject({ reason: "AMBIGUOUS", attemptCount: 1 });
    expect(one.counters().submits + two.counters().submits).toBe(1);
  });

  it("P12 sends again under AT_LEAST_ONCE when the session dies after the PDU, and marks a failover", async () => {
    const [one, two] = [await simulate({ behaviours: [{ kind: "drop", times: 1 }] }), await simulate()];
    const on = await open({ gateways: [gatewayAt("north", one.port), gatewayAt("south", two.port)] });
    const id = await sendOne(on);
    await on.until(id, "SUBMITTED", "DELIVERED");
    const { attempts } = await on.view(id);
    const last = attempts.at(-1);
    expect(attempts[0]?.parts[0]?.outcome === "AMBIGUOUS" || last?.trace.marks.includes("RESUMED")).toBe(
      true,
    );
    if (last?.gatewayId === "south") expect(last.trace.marks).toEqual(["FAILOVER_AFTER_AMBIGUITY"]);
    expect(one.counters().submits + two.counters().submits).toBe(2);
  });

  it("P12 resends only the parts without an answer, under the same reference", async () => {
    const one = await simulate({ behaviours: [{ kind: "no-answer", after: 3, times: 2 }] });
    const north = gatewayAt("north", one.port);
    const on = await open({ gateways: [north] });
    const id = await sendOne(on, { text: longText });
    await one.waitUntil(({ submits }) => submits === 5);
    while (north.figures().inFlight > 2) await new Promise(setImmediate);
    clock.jump(responseTimeoutMs);
    await on.until(id, "SUBMITTED", "DELIVERED");
    const parts = one.received().map((message) => message.part);
    expect(parts.map((part) => part?.sequence)).toEqual([1, 2, 3, 4, 5, 4, 5]);
    expect(new Set(parts.map((part) => part?.reference)).size).toBe(1);
  });

  it("P14 sends all parts under a new reference when the first gateway refuses one half-way", async () => {
    const one = await simulate({
      behaviours: [{ kind: "refuse-submit", status: wrongSource, after: 2, times: 1 }],
    });
    const two = await simulate();
    const on = await open({ gateways: [gatewayAt("north", one.port), gatewayAt("south", two.port)] });
    const id = await sendOne(on, { text: longText });
    await on.until(id, "SUBMITTED", "DELIVERED");
    expect(two.received().map((message) => message.part?.sequence)).toEqual([1, 2, 3, 4, 5]);
    expect(two.received()[0]?.part?.reference).not.toBe(one.received()[0]?.part?.reference);
    const { attempts } = await on.view(id);
    expect(attempts[1]?.trace.marks).toEqual(["FAILOVER_WITH_PARTS_ACCEPTED"]);
  });

  it("P15 delivers everything through a gateway that throttles, and spends no attempt on it", async () => {
    const throttling = { kind: "refuse-submit", status: 0x58, after: 20, times: 4 } as const;
    const one = await simulate({ behaviours: [throttling] });
    // Judged once, by the hundredth answer, and not by those that come within a second.
    const throttle = { ...defaultDispatchSettings.throttle, leastAnswers: 70, countMs: 0 };
    const on = await open({
      gateways: [gatewayAt("north", one.port, { window: 4 })],
      routes: { north: { pdusPerSecond: 500, burst: 5 } },
      settings: { ...settings, throttle },
    });
    const ids = await on.send(...Array.from({ length: 100 }, () => ({})));
    await one.waitUntil((counters) => counters.accepted === 100);
    await on.settledCount(100);
    expect(one.counters().refused).toBe(4);
    const figures = on.dispatcher.figures().gateways.get(toGatewayId("north"));
    expect(figures?.slowdown, "four in a hundred are no limit (P58)").toBe(1);
    for (const id of ids) {
      expect((await on.view(id)).attempts.map(({ outcome }) => outcome)).toEqual(["ACCEPTED"]);
    }
  });

  it("P16 lets nothing go before rate and burst allow it, and makes parts wait instead of refusing them", async () => {
    const one = await simulate();
    const on = await open({
      gateways: [gatewayAt("north", one.port)],
      routes: { north: { pdusPerSecond: 50, burst: 5 } },
    });
    const startMs = Date.now();
    const ids = await on.send(...Array.from({ length: 12 }, () => ({ text: longText })));
    await one.waitUntil((counters) => counters.accepted === 60);
    // However late a busy machine delivers them: the n-th may not be here before burst and rate let it go. Any stretch of
    // time is looked at with a clock of its own in token-bucket.test.ts.
    one.received().forEach(({ receivedTimeMs }, index) => {
      expect(receivedTimeMs - startMs).toBeGreaterThanOrEqual(((index + 1 - 5) * 1000) / 50 - 2);
    });
    const sequences = one.received().map((message) => message.part?.sequence);
    expect(sequences).toEqual(ids.flatMap(() => [1, 2, 3, 4, 5]));
  });

  it("P21 claims nothing while the only SMSC is away, and sends in order when it is there", async () => {
    const port = await findFreePort();
    const on = await open({ gateways: [gatewayAt("north", port)] });
    const ids: DeliveryId[] = [];
    for (let i = 0; i < 40; i++) ids.push(await sendOne(on, { text: `number ${i}` }));
    expect(on.claims).toHaveLength(0);
    const late = await simulate({ port });
    await late.waitUntil((counters) => counters.accepted === 40);
    expect(late.received().map((message) => message.text)).toEqual(ids.map((_, i) => `number ${i}`));
    expect(on.claims.length).toBeLessThan(10);
  });

  it("keeps the order of acceptance at the SMSC, claimed at once or waiting", async () => {
    const one = await simulate();
    const on = await open({
      gateways: [gatewayAt("north", one.port, { window: 5 })],
      routes: { north: { pdusPerSecond: 2_000, burst: 10 } },
    });
    const expected: string[] = [];
    for (let batch = 0; batch < 20; batch++) {
      const texts = Array.from({ length: 20 }, (_, i) => `batch ${batch} number ${i}`);
      expected.push(...texts);
      await on.send(...texts.map((text, i) => ({ text, wantsClaim: (batch + i) % 3 !== 0 })));
    }
    await one.waitUntil((counters) => counters.accepted === 400);
    expect(one.received().map((message) => message.text)).toEqual(expected);
  });

  it("P27 gives each lane its share at the SMSC while all are full", async () => {
    const one = await simulate();
    const rate = 200;
    const north = gatewayAt("north", one.port);
    // All lanes are full before anything is sent, and in memory as soon as it is: no look into the store is waited for.
    const on = await open({
      gateways: [north],
      routes: { north: { pdusPerSecond: rate, burst: 5 } },
      paused: new Map([[north.id, "until all is stored"]]),
      settings: { ...settings, aheadMs: 60_000 },
    });
    const lanes: readonly Lane[] = ["BULK", "NORMAL", "OTP"];
    const count = 3 * rate;
    for (const lane of lanes) {
      await on.send(...Array.from({ length: count }, () => ({ text: lane, lane, wantsClaim: false })));
    }
    on.dispatcher.resume(north.id);
    await one.waitUntil((counters) => counters.accepted >= 2.5 * rate);
    const texts = one.received().map((message) => message.text);
    const start = texts.indexOf("OTP");
    const stretch = texts.slice(start, start + 2 * rate);
    expect(stretch).toHaveLength(2 * rate);
    const shareOf = (lane: Lane) => stretch.filter((text) => text === lane).length / stretch.length;
    expect(shareOf("OTP")).toBeGreaterThan(0.66);
    expect(shareOf("OTP")).toBeLessThan(0.74);
    expect(shareOf("NORMAL")).toBeGreaterThan(0.19);
    expect(shareOf("BULK")).toBeGreaterThan(0.05);
  });

  it("P12 keeps the circuit closed when one connection is dropped with 40 submits unanswered", async () => {
    const one = await simulate({
      behaviours: [
        { kind: "no-answer", times: 39 },
        { kind: "drop", how: "reset", after: 39, times: 1 },
      ],
    });
    const north = gatewayAt("north", one.port, { window: 64 });
    const on = await open({ gateways: [north] });
    await one.waitUntil(({ binds }) => binds === 1);
    while (north.room() === 0) await new Promise(setImmediate);
    const ids = await on.send(...Array.from({ length: 60 }, () => ({})));
    const circuits = new Set<string | undefined>();
    on.dispatcher.onSettled(() => circuits.add(on.dispatcher.figures().gateways.get(north.id)?.circuit));
    for (const id of ids) await on.until(id, "SUBMITTED", "DELIVERED");
    const attempts = (await Promise.all(ids.map(on.view))).flatMap((view) => view.attempts);
    expect(attempts.filter(({ trace }) => trace.marks.includes("RESUMED")).length).toBeGreaterThanOrEqual(39);
    expect([...circuits]).toEqual(["closed"]);
    await one.waitUntil((counters) => counters.receiptsAcknowledged >= counters.accepted);
    for (const id of ids) expect((await on.view(id)).state).toBe("DELIVERED");
    expect(one.counters().binds).toBe(2);
  });

  it("P12 opens the circuit of an SMSC that takes binds and drops the connection at each submit", async () => {
    const one = await simulate({ behaviours: [{ kind: "drop", how: "reset" }] });
    // A loss puts a windowful in doubt, and each delivery may be lost four times (P50): enough for 20 losses with a small window.
    const north = gatewayAt("north", one.port, { window: 4, reconnectMinMs: 10, reconnectMaxMs: 20 });
    const on = await open({ gateways: [north] });
    const opened = new Promise<void>((resolve) => {
      on.dispatcher.onSettled(() => {
        if (on.dispatcher.figures().gateways.get(north.id)?.circuit === "open") resolve();
      });
    });
    await on.send(...Array.from({ length: 60 }, () => ({})));
    await opened;
    while (on.dispatcher.health(north.id).kind === "connecting") await new Promise(setImmediate);
    expect(one.counters().binds).toBeGreaterThanOrEqual(20);
    expect(on.dispatcher.health(north.id)).toMatchObject({
      kind: "circuit_open",
      reason: expect.stringMatching(/^20 of the last 20 /),
    });
  });

  it("P12 opens the circuit of an SMSC that answers no submit in a small window, and sends what waits there by another", async () => {
    const [one, two] = [await simulate({ behaviours: [{ kind: "no-answer" }] }), await simulate()];
    const north = gatewayAt("north", one.port, { window: 4, responseTimeoutMs: 200 });
    const south = gatewayAt("south", two.port);
    // The window of the circuit is as long as a response may take, as by default: no 20 attempts ever fail within it.
    const circuit = { ...defaultDispatchSettings.circuit, windowMs: 200, openMs: 600_000 };
    const on = await open({ gateways: [north, south], settings: { ...settings, circuit } });
    await one.waitUntil(({ binds }) => binds === 1);
    await two.waitUntil(({ binds }) => binds === 1);
    while (north.room() === 0 || south.room() === 0) await new Promise(setImmediate);
    const ids = await on.send(...Array.from({ length: 40 }, () => ({})));
    for (const id of ids) await on.until(id, "SUBMITTED", "DELIVERED");
    expect(on.dispatcher.health(north.id)).toMatchObject({
      kind: "circuit_open",
      reason: expect.stringContaining("not answered"),
    });
    // A window, and the probes while the first of its responses were overdue and in doubt.
    expect(one.counters().submits).toBeLessThanOrEqual(8);
  });

  it("takes what waits for a stopped SMSC to another one, and back when it is there again", async () => {
    const [one, two] = [await simulate({ port: await findFreePort() }), await simulate()];
    const on = await open({ gateways: [gatewayAt("north", one.port), gatewayAt("south", two.port)] });
    const first = await sendOne(on);
    await on.until(first, "SUBMITTED", "DELIVERED");
    const seen = createSignalQueue<string>();
    on.dispatcher.onSettled((_, state) => seen.push(state));
    await one.stop({ abruptly: true });
    const ids = await on.send(...Array.from({ length: 30 }, () => ({})));
    for (const id of ids) await on.until(id, "SUBMITTED", "DELIVERED", "UNKNOWN");
    expect(one.counters().accepted + two.counters().accepted).toBeGreaterThanOrEqual(31);
    const back = await simulate({ port: one.port });
    await back.waitUntil((counters) => counters.binds > 0);
    for (;;) {
      const id = await sendOne(on);
      await on.until(id, "SUBMITTED", "DELIVERED");
      if ((await on.view(id)).gatewayId === "north") break;
    }
    expect(back.counters().accepted).toBeGreaterThan(0);
  });
});

/** What becomes of links and of the gateway when the SMSC refuses a bind. */
import { describe, expect, it } from "vitest";
import { type BindProof, createSmppGateway } from "../../../../src/gateways/smpp/create-smpp-gateway.ts";
import { judgeRefusal } from "../../../../src/gateways/smpp/judge-refusal.ts";
import { type SmppGatewaySettings, smppSettings } from "../../../../src/gateways/smpp/settings.ts";
import type { LogFields, Logger } from "../../../../src/observability/logger.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";
import { startScriptedSmsc } from "../../../support/scripted-smsc.ts";
import { createSignalQueue } from "../../../support/signal-queue.ts";
import { createRecordingListener, gatewayId, submission } from "../../../support/smpp-gateway.ts";
import { cleanAfterEach, onEnd } from "./support.ts";

cleanAfterEach();

interface Given {
  readonly settings?: Partial<SmppGatewaySettings>;
  /** The status of each bind by its number from 0; 0 accepts it. */
  readonly statusOf: (index: number) => number;
  readonly isBoundElsewhere?: () => boolean;
  readonly hasBound?: boolean | "unknown";
}

async function start({ settings, statusOf, isBoundElsewhere = () => false, hasBound = false }: Given) {
  let count = 0;
  const smsc = await startScriptedSmsc({
    onBind(bind, connection, accept) {
      const status = statusOf(count);
      count += 1;
      if (status === 0) return accept();
      connection.respond(bind, { command_status: status });
    },
  });
  onEnd(() => smsc.stop());
  const clock = createFakeClock();
  /** What the log tells of each next try. */
  const planned = createSignalQueue<Planned>();
  const tell =
    (level: Planned["level"]) =>
    ({ delayMs }: LogFields) => {
      if (typeof delayMs === "number") planned.push({ level, delayMs });
    };
  const silent = () => {};
  const log: Logger = {
    debug: silent,
    info: silent,
    warn: tell("warn"),
    error: tell("error"),
    child: () => log,
    often: { info: silent, warn: tell("warn"), error: tell("error") },
  };
  const listener = createRecordingListener();
  const noted = createSignalQueue<number>();
  const proof: BindProof = {
    hasBound: () => Promise.resolve(hasBound === "unknown" ? undefined : hasBound),
    noteBound: () => noted.push(1),
  };
  const account = {
    id: gatewayId,
    host: "127.0.0.1",
    port: smsc.port,
    systemId: "relay",
    password: "secret",
  };
  const gateway = createSmppGateway(smppSettings({ ...account, ...settings }), {
    clock,
    random: () => 1,
    log,
    isBoundElsewhere,
    proof,
  });
  onEnd(() => gateway.stop(0));
  gateway.start(listener);
  return { smsc, gateway, listener, clock, noted, planned, binds: () => count };
}

interface Planned {
  readonly level: "warn" | "error";
  readonly delayMs: number;
}

type Started = Awaited<ReturnType<typeof start>>;

async function expectToSend({ gateway, smsc, listener }: Started): Promise<void> {
  const session = await smsc.sessions.next();
  while (gateway.status().kind !== "ready") await listener.statuses.next();
  const results = gateway.submit(submission(["Hello"]));
  session.answer(await session.submits.next(), { id: "1" });
  expect(await results).toMatchObject([{ kind: "accepted" }]);
}

describe("a refused bind", () => {
  it.each([0x0d, 0x0e, 0x0f])(
    "P52 0x%s beside a bound sibling concerns that link alone, which tries again ever more slowly",
    async (status) => {
      const started = await start({
        settings: { sessions: 2, enquireLinkIntervalMs: 0 },
        statusOf: (index) => (index === 0 ? 0 : status),
      });
      const { gateway, listener, clock, planned } = started;
      while (gateway.status().kind !== "ready") await listener.statuses.next();
      let delayMs = 500;
      for (let tries = 0; tries < 12; tries += 1) {
        expect(await planned.next()).toEqual({ level: "warn", delayMs });
        expect(gateway.status().kind).toBe("ready");
        clock.advance(delayMs);
        delayMs = Math.min(delayMs * 2, status === 0x0d ? 60_000 : 300_000);
      }
      expect(gateway.figures()).toMatchObject({ sessions: 2, boundSessions: 1 });
      await expectToSend(started);
    },
  );

  it("P52 0x0E of credentials that are bound at another replica concerns that link alone", async () => {
    const started = await start({
      statusOf: (index) => (index < 2 ? 0x0e : 0),
      isBoundElsewhere: () => true,
    });
    for (const delayMs of [500, 1_000]) {
      expect(await started.planned.next()).toEqual({ level: "warn", delayMs });
      started.clock.advance(delayMs);
    }
    await expectToSend(started);
  });

  it("P52 0x0D twice while an SMSC restarts is bound at the third try", async () => {
    const started = await start({ statusOf: (index) => (index < 2 ? 0x0d : 0) });
    for (const delayMs of [500, 1_000]) {
      expect(await started.planned.next()).toEqual({ level: "error", delayMs });
      expect(started.gateway.status()).toMatchObject({
        kind: "connecting",
        reason: expect.stringContaining("ESME_RBINDFAIL"),
      });
      started.clock.advance(delayMs);
    }
    await expectToSend(started);
  });

  it.each([0x0e, 0x0f])("P20 P52 %i of credentials that never bound stops the gateway", async (status) => {
    const { gateway, listener, clock, planned, binds } = await start({
      settings: { sessions: 3 },
      statusOf: () => status,
    });
    while (gateway.status().kind !== "stopped") await listener.statuses.next();
    clock.advance(3_600_000);
    await new Promise(setImmediate);
    expect(planned.waiting.filter(({ level }) => level === "error")).toEqual([]);
    expect(binds()).toBeLessThanOrEqual(3);
  });

  it.each([true, "unknown"] as const)(
    "P52 0x0E of credentials that bound once (known: %s) is tried on, in the end every five minutes",
    async (hasBound) => {
      const started = await start({ statusOf: (index) => (index < 14 ? 0x0e : 0), hasBound });
      let delayMs = 500;
      for (let tries = 0; tries < 14; tries += 1) {
        expect(await started.planned.next()).toEqual({ level: "error", delayMs });
        expect(started.gateway.status().kind).toBe("connecting");
        started.clock.advance(delayMs);
        delayMs = Math.min(delayMs * 2, 300_000);
      }
      await expectToSend(started);
    },
  );

  it("P52 0x0E after this process was bound is tried on", async () => {
    const started = await start({ statusOf: (index) => (index === 1 ? 0x0e : 0) });
    const session = await started.smsc.sessions.next();
    await started.noted.next();
    session.socket.destroy();
    for (const expected of [
      { level: "warn", delayMs: 500 },
      { level: "error", delayMs: 1_000 },
    ]) {
      expect(await started.planned.next()).toEqual(expected);
      started.clock.advance(expected.delayMs);
    }
    await expectToSend(started);
  });

  it("is tried again at once when the gateway is resumed", async () => {
    const started = await start({ statusOf: (index) => (index < 3 ? 0x0d : 0) });
    for (let tries = 0; tries < 3; tries += 1) {
      await started.planned.next();
      started.gateway.resume();
    }
    await expectToSend(started);
  });

  it("is judged by the class that the gateway gives its status", async () => {
    const judge = (commandStatus: number, statusClass?: "temporary" | "bind") =>
      judgeRefusal({
        commandStatus,
        overrides: statusClass === undefined ? {} : { [commandStatus]: statusClass },
        hasSibling: false,
        hasEverBound: () => Promise.resolve(false),
      });
    expect(await judge(0x05)).toEqual({ kind: "usual" });
    expect(await judge(0x0e)).toEqual({ kind: "stop" });
    expect(await judge(0x0e, "temporary")).toEqual({ kind: "usual" });
    expect(await judge(0x400)).toEqual({ kind: "usual" });
    expect(await judge(0x400, "bind")).toEqual({ kind: "stop" });
    expect(await judge(0x0d)).toEqual({ kind: "account", maxDelayMs: 60_000 });
  });
});

describe("a link that worked", () => {
  it("P57 and went is made anew after the minimum, whatever failed before", async () => {
    const started = await start({
      settings: { reconnectMinMs: 500, reconnectMaxMs: 60_000 },
      statusOf: (index) => (index < 7 ? 0x08 : 0),
    });
    const { smsc, gateway, clock, planned } = started;
    for (let tries = 0; tries < 7; tries += 1) clock.advance((await planned.next()).delayMs);
    for (const delayMs of [500, 500, 1_000]) {
      const session = await smsc.sessions.next();
      while (gateway.status().kind !== "ready") await started.listener.statuses.next();
      const results = gateway.submit(submission(["Hello"]));
      session.answer(await session.submits.next(), { id: "1" });
      await results;
      session.socket.destroy();
      expect(await planned.next()).toEqual({ level: "warn", delayMs });
      clock.advance(delayMs);
    }
    await expectToSend(started);
  });
});

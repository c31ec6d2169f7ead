import { describe, expect, it } from "vitest";
import { createBackgroundService } from "../../../../src/dispatch/sweeps/background-service.ts";
import {
  createCleaner,
  createExpirer,
  createOrphanAdopter,
  createRescuer,
  createSilenceWatch,
} from "../../../../src/dispatch/sweeps/sweeps.ts";
import { gatewayNames } from "../../../../src/domain/gateway-names.ts";
import { type GatewayId, toGatewayId } from "../../../../src/domain/ids.ts";
import { createDataClock } from "../../../../src/observability/data-clock.ts";
import { type Logger, silentLogger } from "../../../../src/observability/logger.ts";
import { nothingRecovered } from "../../../../src/store/accepting.ts";
import type { Retention } from "../../../../src/store/cleaning.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";
import { createSignalQueue } from "../../../support/signal-queue.ts";

const settle = () => new Promise((resolve) => setImmediate(resolve));

describe("a background service", () => {
  it("ticks at once, again while more waits, and then after its time", async () => {
    const clock = createFakeClock();
    const left = [true, true, false, false];
    let ticks = 0;
    const service = createBackgroundService(
      { name: "test", everyMs: 1_000, tick: () => Promise.resolve(left[ticks++] ?? false) },
      { clock, log: silentLogger },
    );
    service.start();
    service.start();
    await settle();
    expect(ticks).toBe(3);
    clock.advance(999);
    await settle();
    expect(ticks).toBe(3);
    clock.advance(1);
    await settle();
    expect(ticks).toBe(4);
    await service.stop();
    await service.stop();
    expect(clock.waiting).toBe(0);
  });

  it("goes on after ticks that failed, and tells of a fault that lasts once", async () => {
    const clock = createFakeClock();
    const told: string[] = [];
    let ticks = 0;
    const service = createBackgroundService(
      {
        name: "test",
        everyMs: 1_000,
        tick: () => (ticks++ < 3 ? Promise.reject(new Error("away")) : Promise.resolve(false)),
      },
      { clock, log: { ...silentLogger, error: () => told.push("fails"), info: () => told.push("works") } },
    );
    service.start();
    await settle();
    for (let tick = 2; tick <= 5; tick++) {
      clock.advance(1_000);
      await settle();
      expect(ticks).toBe(tick);
    }
    expect(told).toEqual(["fails", "works"]);
    await service.stop();
  });

  it("waits for its tick when it stops, and can be stopped before it starts", async () => {
    const clock = createFakeClock();
    const gate = createSignalQueue<boolean>();
    const service = createBackgroundService(
      { name: "test", everyMs: 1_000, tick: () => gate.next() },
      { clock, log: silentLogger },
    );
    service.start();
    let isStopped = false;
    const stopped = service.stop().then(() => {
      isStopped = true;
    });
    await settle();
    expect(isStopped).toBe(false);
    gate.push(true);
    await stopped;
    expect(clock.waiting).toBe(0);
    const other = createBackgroundService(
      { name: "test", everyMs: 1_000, tick: () => Promise.resolve(false) },
      { clock, log: silentLogger },
    );
    await other.stop();
    other.start();
    expect(clock.waiting).toBe(0);
  });
});

describe("the background services", () => {
  const clock = createFakeClock();
  const log = silentLogger;
  const retention: Retention = {
    bodiesMs: 1,
    reportsMs: 2,
    messagesMs: 3,
    requestIdsMs: 4,
    parkedReceiptsMs: 5,
    referencesMs: 6,
    smscIdsMs: 7,
    auditMs: 7,
  };

  it("expire, end and clean in bounded steps until nothing is left", async () => {
    const calls: unknown[][] = [];
    const dataClock = createDataClock(clock, log);
    const counts = [500, 500, 3];
    const step =
      (name: string) =>
      (...args: unknown[]) => {
        calls.push([name, ...args]);
        return Promise.resolve(counts[calls.length - 1] ?? 0);
      };
    const now = clock.now();
    const expire = step("expireDue");
    const expireDue = async (...args: unknown[]) => ({ EXPIRED: await expire(...args) });
    const expirer = createExpirer({ store: { expireDue }, clock: dataClock, log });
    expirer.start();
    await settle();
    await expirer.stop();
    expect(calls).toEqual(Array(3).fill(["expireDue", now, 500]));
    calls.length = 0;
    const end = step("endSilent");
    const endSilent = async (...args: unknown[]) => ({ UNKNOWN: await end(...args) });
    const silence = createSilenceWatch({
      store: { endSilent },
      clock: dataClock,
      log,
      receiptGraceMs: 60,
    });
    silence.start();
    await settle();
    await silence.stop();
    expect(calls).toEqual(Array(3).fill(["endSilent", now, 60, 500]));
    calls.length = 0;
    const cleaner = createCleaner({
      store: {
        clean: step("clean"),
        deleteEndedSuppressions: step("deleteEndedSuppressions"),
        deletePastGuardCounts: step("deletePastGuardCounts"),
      },
      clock: dataClock,
      log,
      retention: () => retention,
    });
    cleaner.start();
    await settle();
    await cleaner.stop();
    expect(calls).toEqual([
      ["clean", now, retention, 500, expect.any(AbortSignal)],
      ["deleteEndedSuppressions", now, 500],
      ["deleteEndedSuppressions", now, 500],
      ["deletePastGuardCounts", now / 3_600_000 - 1, 500],
    ]);
  });

  it("P60 end and delete nothing while the clock is in doubt", async () => {
    let isWrong = false;
    const machine = { ...clock, now: () => clock.now() + (isWrong ? 86_400_000 : 0) };
    const dataClock = createDataClock(machine, log);
    isWrong = true;
    const fail = () => Promise.reject(new Error("must not be asked"));
    const lines: unknown[] = [];
    const strict: Logger = { ...silentLogger, error: (_, text) => void lines.push(text) };
    const services = [
      createExpirer({ store: { expireDue: fail }, clock: dataClock, log: strict }),
      createSilenceWatch({ store: { endSilent: fail }, clock: dataClock, log: strict, receiptGraceMs: 60 }),
      createCleaner({
        store: { clean: fail, deleteEndedSuppressions: fail, deletePastGuardCounts: fail },
        clock: dataClock,
        log: strict,
        retention: () => retention,
      }),
    ];
    for (const service of services) service.start();
    await settle();
    await Promise.all(services.map((service) => service.stop()));
    expect(lines, "no step fails").toEqual([]);
    expect(dataClock.jumpCount).toBe(1);
  });

  it("tell the loops what they have freed or adopted", async () => {
    const told: unknown[] = [];
    const rescuer = createRescuer({
      store: { rescue: () => Promise.resolve({ ...nothingRecovered, claimsVoided: 4 }) },
      clock,
      log,
      onRescued: () => told.push("rescued"),
    });
    const north = toGatewayId("north");
    const adopter = createOrphanAdopter({
      store: { adoptOrphans: () => Promise.resolve(7), renameReceipts: () => Promise.resolve(0) },
      clock,
      log,
      known: () => [north],
      names: () => gatewayNames([{ id: north }]),
      onAdopted: (to) => told.push(...to),
    });
    rescuer.start();
    adopter.start();
    await settle();
    await rescuer.stop();
    await adopter.stop();
    expect(told).toEqual(["rescued", "north"]);
    expect(clock.waiting).toBe(0);
  });

  it("adopt all that waits under former names when asked to, and nothing where there are none", async () => {
    const [north, old] = [toGatewayId("north"), toGatewayId("old")];
    const told: unknown[] = [];
    const [counts, receipts] = [
      [500, 3],
      [500, 500],
    ];
    const adopterOf = (formerIds: readonly GatewayId[]) =>
      createOrphanAdopter({
        store: {
          adoptOrphans: (_known, _to, _limit, renamed) => {
            told.push(renamed.get(old));
            return Promise.resolve(counts.shift() ?? 0);
          },
          renameReceipts: (renamed) => {
            told.push(...renamed.keys());
            return Promise.resolve(receipts.shift() ?? 0);
          },
        },
        clock,
        log,
        known: () => [north],
        names: () => gatewayNames([{ id: north, formerIds }]),
        onAdopted: () => {},
      });
    await adopterOf([]).adoptRenamed();
    expect(told).toEqual([]);
    await adopterOf([old]).adoptRenamed();
    expect(told).toEqual([old, north, old, north, old, north]);
    expect(clock.waiting).toBe(0);
  });

  it("adopt for seconds and no longer where rows come back again and again, and go on in their next round", async () => {
    const north = toGatewayId("north");
    let calls = 0;
    const adopter = createOrphanAdopter({
      store: {
        adoptOrphans: () => {
          calls += 1;
          clock.advance(1_000);
          return Promise.resolve(500);
        },
        renameReceipts: () => Promise.resolve(500),
      },
      clock,
      log,
      known: () => [north],
      names: () => gatewayNames([{ id: north, formerIds: [toGatewayId("old")] }]),
      onAdopted: () => {},
      everyMs: 10_000,
    });
    await adopter.adoptRenamed();
    expect(calls).toBe(5);
    adopter.start();
    await settle();
    expect(calls).toBe(10);
    clock.advance(10_000);
    await settle();
    expect(calls).toBe(15);
    await adopter.stop();
    expect(clock.waiting).toBe(0);
  });
});

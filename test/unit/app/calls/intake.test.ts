import { describe, expect, it } from "vitest";
import { startIntake } from "../../../../src/app/calls/intake.ts";
import { silentLogger } from "../../../../src/observability/logger.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";

async function setUp(values: { queued?: number; freeDisk?: number; isElsewhere?: boolean } = {}) {
  const clock = createFakeClock();
  const told: string[] = [];
  const now = {
    queued: values.queued ?? 0,
    freeDisk: values.freeDisk ?? 1_000,
    looks: 0,
    onLook: () => {},
    damage: undefined as string | undefined,
  };
  const intake = await startIntake({
    store: {
      damage: () => now.damage,
      backlog: async () => {
        now.looks++;
        now.onLook();
        return { queued: now.queued, byQueue: [], parkedReceipts: 0 };
      },
    },
    clock,
    log: {
      ...silentLogger,
      warn: (_fields, text) => told.push(text),
      info: (_fields, text) => told.push(text),
    },
    readFreeDisk: values.isElsewhere ? undefined : async () => now.freeDisk,
    minFreeDiskBytes: 500,
    maxBacklog: 100,
  });
  /** Lets the next look take place. */
  const lookAgain = async (afterMs = 1_000) => {
    const before = now.looks;
    clock.advance(afterMs);
    while (now.looks === before || clock.waiting === 0) await Promise.resolve();
  };
  return { clock, now, intake, lookAgain, told };
}

describe("startIntake", () => {
  it("tells of a disk below its floor at the start, once, and of its recovery", async () => {
    const { intake, now, lookAgain, told } = await setUp({ freeDisk: 499 });
    expect(told).toEqual([expect.stringContaining("Less disk space is left than store.minFreeDisk")]);
    await lookAgain();
    expect(told).toHaveLength(1);
    now.freeDisk = 500;
    await lookAgain();
    expect(told[1]).toContain("Enough disk space is left again");
    intake.stop();
  });

  it("does not judge by a disk where the store is on none of this machine", async () => {
    const { intake } = await setUp({ isElsewhere: true, freeDisk: 0 });
    expect(intake.admission()).toEqual({ kind: "open" });
    expect(intake.problems()).toEqual([]);
    expect(intake.freeDiskBytes()).toBeUndefined();
    intake.stop();
  });

  it("takes work while there is room", async () => {
    const { intake } = await setUp();
    expect(intake.admission()).toEqual({ kind: "open" });
    intake.stop();
  });

  it("refuses work below the floor of free disk space, and takes it again above", async () => {
    const { intake, now, lookAgain } = await setUp({ freeDisk: 499 });
    expect(intake.admission()).toEqual({ kind: "overloaded", retryAfterMs: 5_000, limit: "disk" });
    now.freeDisk = 500;
    await lookAgain();
    expect(intake.admission()).toEqual({ kind: "open" });
    intake.stop();
  });

  it("is not ready once the store has turned itself off, and says why", async () => {
    const { intake, now } = await setUp();
    now.damage = "the store is damaged; restore a backup";
    expect(intake.problems()).toEqual([now.damage]);
    intake.stop();
  });

  it("P23 refuses work above the bound on what waits", async () => {
    const { intake } = await setUp({ queued: 100 });
    expect(intake.admission()).toMatchObject({ kind: "overloaded", limit: "backlog" });
    intake.stop();
  });

  it("P23 counts what was accepted since the last look", async () => {
    const { intake, now, lookAgain } = await setUp({ queued: 60 });
    intake.countAccepted(40);
    expect(intake.admission()).toMatchObject({ kind: "overloaded" });
    now.queued = 30;
    await lookAgain();
    expect(intake.admission()).toEqual({ kind: "open" });
    intake.stop();
  });

  it("P23 looks again soon where what was accepted during a look was counted twice, and takes what there is room for", async () => {
    const { intake, clock, now, lookAgain } = await setUp({ queued: 10 });
    now.onLook = () => {
      // The store's answer has them already.
      intake.countAccepted(50);
      now.queued = 60;
    };
    await lookAgain();
    expect(intake.admission()).toMatchObject({ kind: "overloaded" });
    now.onLook = () => {};
    await lookAgain(50);
    expect(intake.admission()).toEqual({ kind: "open" });
    intake.countAccepted(40);
    clock.advance(100);
    expect(intake.admission()).toMatchObject({ kind: "overloaded" });
    now.queued = 100;
    await lookAgain(0);
    expect(intake.admission()).toMatchObject({ kind: "overloaded" });
    const { looks } = now;
    clock.advance(999);
    expect([now.looks - looks, clock.waiting], "full for certain: looked at as ever").toEqual([0, 1]);
    intake.stop();
  });

  it("takes nothing once it is closed, and leaves no timer once it is stopped", async () => {
    const { intake, clock } = await setUp();
    intake.close();
    expect(intake.admission()).toEqual({ kind: "stopping" });
    intake.stop();
    intake.stop();
    expect(clock.waiting).toBe(0);
  });
});

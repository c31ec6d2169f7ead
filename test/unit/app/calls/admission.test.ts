import { describe, expect, it } from "vitest";
import { startAdmission } from "../../../../src/app/calls/admission.ts";
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
  const admission = await startAdmission({
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
  return { clock, now, admission, lookAgain, told };
}

describe("startAdmission", () => {
  it("tells of a disk below its floor at the start, once, and of its recovery", async () => {
    const { admission, now, lookAgain, told } = await setUp({ freeDisk: 499 });
    expect(told).toEqual([expect.stringContaining("Less disk space is left than store.minFreeDisk")]);
    await lookAgain();
    expect(told).toHaveLength(1);
    now.freeDisk = 500;
    await lookAgain();
    expect(told[1]).toContain("Enough disk space is left again");
    admission.stop();
  });

  it("does not judge by a disk where the store is on none of this machine", async () => {
    const { admission } = await setUp({ isElsewhere: true, freeDisk: 0 });
    expect(admission.state()).toEqual({ kind: "open" });
    expect(admission.problems()).toEqual([]);
    expect(admission.freeDiskBytes()).toBeUndefined();
    admission.stop();
  });

  it("takes work while there is room", async () => {
    const { admission } = await setUp();
    expect(admission.state()).toEqual({ kind: "open" });
    admission.stop();
  });

  it("refuses work below the floor of free disk space, and takes it again above", async () => {
    const { admission, now, lookAgain } = await setUp({ freeDisk: 499 });
    expect(admission.state()).toEqual({ kind: "overloaded", retryAfterMs: 5_000, limit: "disk" });
    now.freeDisk = 500;
    await lookAgain();
    expect(admission.state()).toEqual({ kind: "open" });
    admission.stop();
  });

  it("is not ready once the store has turned itself off, and says why", async () => {
    const { admission, now } = await setUp();
    now.damage = "the store is damaged; restore a backup";
    expect(admission.problems()).toEqual([now.damage]);
    admission.stop();
  });

  it("P23 refuses work above the bound on what waits", async () => {
    const { admission } = await setUp({ queued: 100 });
    expect(admission.state()).toMatchObject({ kind: "overloaded", limit: "backlog" });
    admission.stop();
  });

  it("P23 counts what was accepted since the last look", async () => {
    const { admission, now, lookAgain } = await setUp({ queued: 60 });
    admission.countAccepted(40);
    expect(admission.state()).toMatchObject({ kind: "overloaded" });
    now.queued = 30;
    await lookAgain();
    expect(admission.state()).toEqual({ kind: "open" });
    admission.stop();
  });

  it("P23 looks again soon where what was accepted during a look was counted twice, and takes what there is room for", async () => {
    const { admission, clock, now, lookAgain } = await setUp({ queued: 10 });
    now.onLook = () => {
      // The store's answer has them already.
      admission.countAccepted(50);
      now.queued = 60;
    };
    await lookAgain();
    expect(admission.state()).toMatchObject({ kind: "overloaded" });
    now.onLook = () => {};
    await lookAgain(50);
    expect(admission.state()).toEqual({ kind: "open" });
    admission.countAccepted(40);
    clock.advance(100);
    expect(admission.state()).toMatchObject({ kind: "overloaded" });
    now.queued = 100;
    await lookAgain(0);
    expect(admission.state()).toMatchObject({ kind: "overloaded" });
    const { looks } = now;
    clock.advance(999);
    expect([now.looks - looks, clock.waiting], "full for certain: looked at as ever").toEqual([0, 1]);
    admission.stop();
  });

  it("takes nothing once it is closed, and leaves no timer once it is stopped", async () => {
    const { admission, clock } = await setUp();
    admission.close();
    expect(admission.state()).toEqual({ kind: "stopping" });
    admission.stop();
    admission.stop();
    expect(clock.waiting).toBe(0);
  });
});

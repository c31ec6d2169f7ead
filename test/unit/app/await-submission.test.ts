import { describe, expect, it } from "vitest";
import { watchSubmission } from "../../../src/app/await-submission.ts";
import type { DeliveryState } from "../../../src/domain/delivery-state.ts";
import { type DeliveryId, toDeliveryId } from "../../../src/domain/ids.ts";
import { createFakeClock } from "../../support/fake-clock.ts";

const one = toDeliveryId("one");
const two = toDeliveryId("two");

function setUp() {
  const clock = createFakeClock();
  const states = new Map<DeliveryId, DeliveryState>([
    [one, "QUEUED"],
    [two, "QUEUED"],
  ]);
  let listener: ((id: DeliveryId, state: DeliveryState) => void) | undefined;
  let hint: (() => void) | undefined;
  const asked: (readonly DeliveryId[])[] = [];
  const watch = watchSubmission([one, two], {
    store: {
      readStates(ids) {
        asked.push(ids);
        return Promise.resolve(ids.map((id) => states.get(id)));
      },
    },
    onSettled(given) {
      listener = given;
      return () => {
        listener = undefined;
      };
    },
    onSettledElsewhere(given) {
      hint = given;
      return () => {
        hint = undefined;
      };
    },
    clock,
  });
  let isOver = false;
  const wait = (ms: number, signal = new AbortController().signal) =>
    watch.wait(ms, signal).then(() => {
      isOver = true;
    });
  return {
    clock,
    states,
    asked,
    watch,
    wait,
    settle: (id: DeliveryId, state: DeliveryState) => listener?.(id, state),
    hint: () => hint?.(),
    isListening: () => listener !== undefined || hint !== undefined,
    isOver: () => isOver,
  };
}

describe("watchSubmission", () => {
  it("asks the store soon after other processes have settled something, once for many hints", async () => {
    const { clock, states, asked, wait, hint, watch, isListening } = setUp();
    const waiting = wait(30_000);
    await Promise.resolve();
    expect(asked).toHaveLength(1);
    states.set(one, "SUBMITTED").set(two, "SUBMITTED");
    for (let count = 0; count < 10; count += 1) hint();
    clock.advance(50);
    await waiting;
    expect(asked).toHaveLength(2);
    watch.close();
    expect([clock.waiting, isListening()]).toEqual([0, false]);
  });

  it("ends when every delivery is decided, also where that came before the wait", async () => {
    const { clock, wait, settle, isOver, watch, isListening } = setUp();
    settle(one, "SUBMITTED");
    const waiting = wait(30_000);
    settle(two, "QUEUED");
    await Promise.resolve();
    expect(isOver()).toBe(false);
    settle(two, "REJECTED");
    await waiting;
    expect(clock.waiting).toBe(0);
    watch.close();
    expect(isListening()).toBe(false);
  });

  it("learns from the store, once a second, what no hint told", async () => {
    const { clock, states, wait, asked } = setUp();
    const waiting = wait(30_000);
    states.set(one, "CANCELLED").set(two, "EXPIRED");
    await Promise.resolve();
    clock.advance(1_000);
    await waiting;
    expect(asked.length).toBeGreaterThanOrEqual(1);
  });

  it("ends at its time, at the caller's wish, and at once where no time is left", async () => {
    for (const end of ["time", "abort", "none"] as const) {
      const { clock, wait } = setUp();
      const caller = new AbortController();
      const waiting = wait(end === "none" ? -5 : 700, caller.signal);
      if (end === "time") clock.advance(700);
      if (end === "abort") caller.abort();
      await waiting;
      expect(clock.waiting).toBe(0);
    }
  });

  it("fails when the store does", async () => {
    const { watch } = setUp();
    const failing = watchSubmission([one], {
      store: { readStates: () => Promise.reject(new Error("away")) },
      onSettled: () => () => {},
      onSettledElsewhere: undefined,
      clock: createFakeClock(),
    });
    await expect(failing.wait(1_000, new AbortController().signal)).rejects.toThrow("away");
    watch.close();
  });
});

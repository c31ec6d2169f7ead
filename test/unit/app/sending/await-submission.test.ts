import { describe, expect, it } from "vitest";
import { createSubmissionWatches } from "../../../../src/app/sending/await-submission.ts";
import type { DeliveryState } from "../../../../src/domain/delivery-state.ts";
import { type AccountId, type DeliveryId, toAccountId, toDeliveryId } from "../../../../src/domain/ids.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";

const shop = toAccountId("shop");
const other = toAccountId("other");
const one = toDeliveryId("one");
const two = toDeliveryId("two");
const never = new AbortController().signal;
const idsOf = (count: number, name = "d") =>
  Array.from({ length: count }, (_, index) => toDeliveryId(`${name}${index}`));
/** Lets what hangs on answers of the store go on. */
const settled = async () => {
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
};

function setUp() {
  const clock = createFakeClock();
  const states = new Map<DeliveryId, DeliveryState>();
  const stopping = new AbortController();
  let listener: ((id: DeliveryId, state: DeliveryState) => void) | undefined;
  let hint: ((accountId: AccountId) => void) | undefined;
  const asked: (readonly DeliveryId[])[] = [];
  const world = { isAway: false };
  const watches = createSubmissionWatches({
    store: {
      readStates(ids) {
        asked.push(ids);
        if (world.isAway) return Promise.reject(new Error("away"));
        return Promise.resolve(ids.map((id) => states.get(id) ?? "QUEUED"));
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
    stopping: stopping.signal,
  });
  /** Watches and waits; tells when it is over. */
  function waitFor(ids: readonly DeliveryId[], { account = shop, ms = 30_000, signal = never } = {}) {
    const watch = watches.watch(account, ids);
    const waiting = {
      isOver: false,
      close: watch.close,
      done: watch.wait(ms, signal).then(() => {
        waiting.isOver = true;
        watch.close();
      }),
    };
    return waiting;
  }
  return {
    ...{ clock, states, stopping, asked, watches, world, waitFor },
    settle: (id: DeliveryId, state: DeliveryState) => listener?.(id, state),
    hint: (accountId: AccountId) => hint?.(accountId),
    isIdle: () => listener === undefined && hint === undefined && clock.waiting === 0,
  };
}

describe("createSubmissionWatches", () => {
  it("ends a wait when every delivery is decided, also where that came before it", async () => {
    const { settle, watches, isIdle } = setUp();
    const watch = watches.watch(shop, [one, two]);
    settle(one, "SUBMITTED");
    let isOver = false;
    const waiting = watch.wait(30_000, never).then(() => {
      isOver = true;
    });
    settle(two, "QUEUED");
    await settled();
    expect(isOver).toBe(false);
    settle(two, "REJECTED");
    await waiting;
    watch.close();
    watch.close();
    expect(isIdle()).toBe(true);
  });

  it("asks the store once a second for all who wait, in turns where they are many", async () => {
    const { clock, asked, waitFor, states, isIdle } = setUp();
    const waits = idsOf(3_000).map((id) => waitFor([id]));
    clock.advance(1_000);
    await settled();
    expect(asked.map(({ length }) => length)).toEqual([2_000]);
    for (const id of idsOf(3_000)) states.set(id, "CANCELLED");
    clock.advance(1_000);
    await settled();
    expect(asked.map(({ length }) => length)).toEqual([2_000, 2_000]);
    expect(new Set(asked.flat()).size).toBe(3_000);
    clock.advance(1_000);
    await Promise.all(waits.map(({ done }) => done));
    expect(isIdle()).toBe(true);
  });

  it("asks soon after a hint, for its account alone, and a bounded number however many hints come", async () => {
    const { clock, asked, waitFor, hint, states } = setUp();
    const mine = waitFor([one]);
    const crowd = idsOf(500).map((id) => waitFor([id], { account: other }));
    hint(toAccountId("nobody"));
    clock.advance(60);
    expect(asked).toEqual([]);
    states.set(one, "SUBMITTED");
    hint(shop);
    clock.advance(50);
    await mine.done;
    expect(asked).toEqual([[one]]);
    for (let count = 0; count < 100; count += 1) {
      hint(other);
      clock.advance(5);
      await settled();
    }
    expect(asked.length).toBeLessThanOrEqual(4);
    expect(asked.slice(1).every(({ length }) => length === 100)).toBe(true);
    for (const { close } of crowd) close();
  });

  it("ends at its time, at the caller's wish, and at once where no time is left", async () => {
    for (const end of ["time", "abort", "none"] as const) {
      const { clock, waitFor, isIdle } = setUp();
      const caller = new AbortController();
      const { done } = waitFor([one], { ms: end === "none" ? -5 : 700, signal: caller.signal });
      if (end === "time") clock.advance(700);
      if (end === "abort") caller.abort();
      await done;
      expect(isIdle()).toBe(true);
    }
  });

  it("ends all waits when the service stops, and begins none after", async () => {
    const { stopping, waitFor, isIdle } = setUp();
    const waits = idsOf(10).map((id) => waitFor([id]));
    stopping.abort();
    await Promise.all(waits.map(({ done }) => done));
    await waitFor([one]).done;
    expect(isIdle()).toBe(true);
  });

  it("goes on waiting while the store is away", async () => {
    const { clock, states, world, waitFor } = setUp();
    const waiting = waitFor([one]);
    world.isAway = true;
    clock.advance(1_000);
    await settled();
    expect(waiting.isOver).toBe(false);
    world.isAway = false;
    states.set(one, "EXPIRED");
    clock.advance(1_000);
    await waiting.done;
  });

  it("bounds how many deliveries are waited for, in all and of one account", async () => {
    const { waitFor, watches, isIdle } = setUp();
    const watched = Array.from({ length: 9 }, (_, index) =>
      watches.watch(shop, idsOf(1_000, `shop${index}.`)),
    );
    // The ninth thousand has no place, and is answered at once; others have.
    await watched[8]?.wait(30_000, never);
    const mine = waitFor([one], { account: other });
    await settled();
    expect(mine.isOver).toBe(false);
    mine.close();
    for (const watch of watched) watch.close();
    expect(isIdle()).toBe(true);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DueQueue } from "../../../src/smsc/due-queue.ts";
import { createFakeClock } from "../../support/fake-clock.ts";

describe("the due queue", () => {
  it("runs everything at its time, in order, and the equal ones as they were added", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 200 }), (delays) => {
        const clock = createFakeClock();
        const queue = new DueQueue(clock);
        const ran: { readonly delay: number; readonly i: number; readonly at: number }[] = [];
        for (const [i, delay] of delays.entries()) {
          queue.add(delay, () => ran.push({ delay, i, at: clock.monotonic() }));
        }
        clock.advance(60);
        const expected = delays.map((delay, i) => ({ delay, i, at: delay }));
        expect(ran).toEqual(expected.sort((a, b) => a.delay - b.delay || a.i - b.i));
        expect(queue.size).toBe(0);
        expect(clock.waiting).toBe(0);
      }),
    );
  });

  it("has one timer, whatever waits", () => {
    const clock = createFakeClock();
    const queue = new DueQueue(clock);
    for (let i = 1_000; i > 0; i--) queue.add(i, () => {});
    expect(clock.waiting).toBe(1);
    queue.clear();
    expect(clock.waiting).toBe(0);
  });

  it("takes what is added while it runs", () => {
    const clock = createFakeClock();
    const queue = new DueQueue(clock);
    const ran: number[] = [];
    queue.add(10, () => {
      ran.push(clock.monotonic());
      queue.add(0, () => ran.push(clock.monotonic()));
      queue.add(5, () => ran.push(clock.monotonic()));
    });
    clock.advance(20);
    expect(ran).toEqual([10, 10, 15]);
  });

  it("gives other work its turn between batches", () => {
    const clock = createFakeClock();
    const queue = new DueQueue(clock);
    let ran = 0;
    for (let i = 0; i < 1_500; i++) queue.add(5, () => ran++);
    clock.setTimeout(() => expect(ran).toBe(1_000), 5);
    clock.advance(5);
    expect(ran).toBe(1_500);
  });
});

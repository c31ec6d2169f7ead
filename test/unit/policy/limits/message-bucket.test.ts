import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MessageBucket } from "../../../../src/policy/limits/message-bucket.ts";

describe("the limit of a second", () => {
  it("lets a second's messages pass at once, then as many as it gets", () => {
    const bucket = new MessageBucket(5, 0);
    expect([1, 1, 1, 1, 1].map((count) => bucket.take(count, 0))).toEqual([0, 0, 0, 0, 0]);
    expect(bucket.take(1, 0)).toBe(200);
    expect(bucket.take(1, 199)).toBeGreaterThan(0);
    expect(bucket.take(1, 200)).toBe(0);
  });

  it("lets any number pass with one token, and has that paid back before the next", () => {
    const bucket = new MessageBucket(10, 0);
    expect(bucket.take(500, 0)).toBe(0);
    expect(bucket.remaining(0)).toBe(0);
    expect(bucket.take(1, 0)).toBe(49_100);
    expect(bucket.resetMs(0)).toBe(50_000);
    expect(bucket.take(1, 49_100)).toBe(0);
  });

  it("takes back what was not sent, and saves no more than a second's by it", () => {
    const bucket = new MessageBucket(10, 0);
    bucket.take(500, 0);
    bucket.giveBack(500, 0);
    expect(bucket.remaining(0)).toBe(10);
    bucket.take(4, 0);
    bucket.giveBack(4, 400);
    expect(bucket.remaining(400)).toBe(10);
  });

  it("keeps debt when the limit is changed, and saves up to the new one", () => {
    const bucket = new MessageBucket(10, 0);
    bucket.setRate(4, 0);
    expect(bucket.remaining(0)).toBe(4);
    bucket.take(8, 0);
    bucket.setRate(100, 0);
    expect(bucket.take(1, 0)).toBe(50);
  });

  it("lets a message pass now and then by a share of less than one a second", () => {
    const bucket = new MessageBucket(0.25, 0);
    expect(bucket.take(1, 0)).toBe(0);
    expect(bucket.take(1, 0)).toBe(4_000);
    expect(bucket.take(1, 4_000)).toBe(0);
  });

  it("lets whoever waits as long as it was told pass, however often others were refused meanwhile", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 1e6, noNaN: true }),
        fc.integer({ min: 1, max: 1_000 }),
        fc.array(fc.nat(200), { maxLength: 50 }),
        fc.nat(2 ** 31),
        (perSecond, count, pauses, startMs) => {
          const bucket = new MessageBucket(perSecond, startMs);
          while (bucket.take(count, startMs) === 0);
          const waitMs = bucket.take(1, startMs);
          let nowMs = startMs;
          for (const pause of pauses) {
            nowMs += pause;
            if (nowMs < startMs + waitMs - 1) expect(bucket.take(1, nowMs)).toBeGreaterThan(0);
          }
          expect(bucket.take(1, startMs + waitMs)).toBe(0);
        },
      ),
    );
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TokenBucket } from "../../../src/routing/token-bucket.ts";

describe("TokenBucket", () => {
  it("P16 never lets more through than burst and rate allow, in any stretch of time", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 500 }),
        fc.array(fc.double({ min: 0, max: 300, noNaN: true }), { minLength: 10, maxLength: 300 }),
        (rate, gaps) => {
          const bucket = new TokenBucket(rate, undefined, 0);
          const burst = Math.max(1, rate / 10);
          const taken: number[] = [];
          let now = 0;
          for (const gap of gaps) {
            now += gap;
            for (let i = 0; i < 5; i++) if (bucket.tryTake(now)) taken.push(now);
          }
          for (let from = 0; from < taken.length; from += 7) {
            for (let to = from; to < taken.length; to += 5) {
              const stretchMs = (taken[to] ?? 0) - (taken[from] ?? 0);
              expect(to - from + 1).toBeLessThanOrEqual(burst + (stretchMs * rate) / 1000 + 1e-3);
            }
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it("has a token after exactly the delay it names", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2000 }), fc.nat(100), (rate, extra) => {
        const bucket = new TokenBucket(rate, 1, 0);
        let now = extra;
        for (let i = 0; i < 50; i++) {
          now += bucket.delayMs(now);
          expect(bucket.tryTake(now)).toBe(true);
        }
        expect(now - extra).toBeGreaterThanOrEqual((49 * 1000) / rate - 1);
      }),
    );
  });

  it("has a burst of a tenth of a second's rate, of at least 1, or as set", () => {
    const burstOf = (rate: number, burst: number | undefined) => {
      const bucket = new TokenBucket(rate, burst, 0);
      let taken = 0;
      while (bucket.tryTake(0)) taken++;
      return taken;
    };
    expect(burstOf(100, undefined)).toBe(10);
    expect(burstOf(3, undefined)).toBe(1);
    expect(burstOf(100, 25)).toBe(25);
  });

  it("takes a changed rate from then on", () => {
    const bucket = new TokenBucket(100, 1, 0);
    bucket.tryTake(0);
    bucket.setRate(10, 0);
    expect(bucket.delayMs(0)).toBeCloseTo(100, 3);
    bucket.setRate(undefined, 0);
    expect(bucket.tryTake(0)).toBe(true);
    expect(bucket.delayMs(0)).toBe(0);
  });

  it("lets buckets with shares of one rate through what it allows, and who gets a share begins empty", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 40, max: 500 }),
        fc.array(fc.nat(4), { minLength: 2, maxLength: 12 }),
        (rate, ownersOfFour) => {
          const buckets = [new TokenBucket(rate, undefined, 0), new TokenBucket(rate, undefined, 0)];
          const taken: number[] = [];
          let now = 0;
          for (const first of ownersOfFour) {
            // Who has less from now on gives up before the other takes.
            const shares = [first / 4, 1 - first / 4];
            for (const grows of [false, true]) {
              buckets.forEach((bucket, index) => {
                const share = shares[index] ?? 0;
                const own = (bucket.pdusPerSecond ?? 0) / rate;
                if (share > own === grows) bucket.setShare(share, now);
              });
            }
            for (const end = now + 700; now < end; now += 1.7) {
              for (const bucket of buckets) while (bucket.tryTake(now)) taken.push(now);
            }
          }
          // The beginning, where both buckets were made full, is left out.
          const later = taken.filter((time) => time > 1_400);
          let most = 0;
          for (let from = 0; from < later.length; from += 5) {
            for (let to = from; to < later.length; to += 3) {
              const stretchMs = (later[to] ?? 0) - (later[from] ?? 0);
              most = Math.max(most, to - from + 1 - (stretchMs * rate) / 1000);
            }
          }
          // One token of each bucket may be saved, whatever its share.
          expect(most).toBeLessThanOrEqual(rate / 10 + 2 + 1e-3);
        },
      ),
      { numRuns: 20 },
    );
    const late = new TokenBucket(100, 10, 0);
    late.setShare(0, 0);
    expect([late.tryTake(5_000), late.delayMs(5_000)]).toEqual([false, Number.POSITIVE_INFINITY]);
    late.setShare(0.5, 5_000);
    expect(late.pdusPerSecond).toBe(50);
    expect(late.delayMs(5_000)).toBeCloseTo(20, 3);
  });

  it("takes a token back", () => {
    const bucket = new TokenBucket(1, 1, 0);
    bucket.tryTake(0);
    bucket.giveBack();
    expect(bucket.tryTake(0)).toBe(true);
    expect(bucket.tryTake(0)).toBe(false);
  });
});

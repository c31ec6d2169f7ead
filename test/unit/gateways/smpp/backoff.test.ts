import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createBackoff } from "../../../../src/gateways/smpp/backoff.ts";

describe("backoff", () => {
  it("P20 doubles up to its maximum", () => {
    const backoff = createBackoff(100, 1_000, () => 1);
    expect(Array.from({ length: 6 }, () => backoff.nextDelayMs())).toEqual([
      100, 200, 400, 800, 1_000, 1_000,
    ]);
  });

  it("P20 spreads each delay over its upper half", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.nat(60),
        (random, failures) => {
          const backoff = createBackoff(100, 60_000, () => random);
          for (let count = 0; count < failures; count += 1) backoff.nextDelayMs();
          const full = Math.min(60_000, 100 * 2 ** Math.min(failures, 30));
          const delay = backoff.nextDelayMs();
          expect(delay).toBeGreaterThanOrEqual(full / 2);
          expect(delay).toBeLessThanOrEqual(full);
        },
      ),
    );
  });

  it("begins anew after a link that held, not after one that fell at once", () => {
    const backoff = createBackoff(100, 1_000, () => 1);
    backoff.nextDelayMs();
    backoff.nextDelayMs();
    backoff.held(50);
    expect(backoff.nextDelayMs()).toBe(400);
    backoff.held(5_000);
    expect(backoff.nextDelayMs()).toBe(100);
  });
});

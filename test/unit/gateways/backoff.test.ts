import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createBackoff } from "../../../src/gateways/backoff.ts";

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

  it("P57 begins at the minimum after a link that worked, however short it stood", () => {
    const backoff = createBackoff(500, 10_000, () => 1);
    for (let failure = 0; failure < 8; failure += 1) backoff.nextDelayMs();
    backoff.worked(70_000);
    expect(backoff.nextDelayMs()).toBe(500);
    expect(backoff.nextDelayMs()).toBe(1_000);
  });

  it("P57 doubles from the third link within a minute that worked and went, and forgets it a minute later", () => {
    const backoff = createBackoff(500, 10_000, () => 1);
    const delays = [0, 5_000, 10_000, 15_000, 20_000].map((nowMs) => {
      backoff.worked(nowMs);
      return backoff.nextDelayMs();
    });
    expect(delays).toEqual([500, 500, 1_000, 2_000, 4_000]);
    backoff.worked(80_001);
    expect(backoff.nextDelayMs()).toBe(500);
  });

  it("waits longer than its maximum where it is told so, and begins again when it is", () => {
    const backoff = createBackoff(500, 10_000, () => 1);
    const delays = Array.from({ length: 9 }, () => backoff.nextDelayMs(60_000));
    expect(delays).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    backoff.reset();
    expect(backoff.nextDelayMs()).toBe(500);
  });
});

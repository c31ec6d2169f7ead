import { describe, expect, it } from "vitest";
import type { RateLimit } from "../../../../src/domain/rate-limit.ts";
import { parseRateLimits } from "../../../../src/policy/limits/rate-limits.ts";

function faultsOf(given: readonly RateLimit[]): readonly string[] {
  const faults: string[] = [];
  parseRateLimits("rate_limits.limits", given, (field) => faults.push(field));
  return faults;
}

describe("limits of an account", () => {
  it("are one each of a second, an hour and a day, the shortest first", () => {
    const day = { windowMs: 86_400_000, messageCount: 1_000_000_000 };
    const second = { windowMs: 1_000, messageCount: 1 };
    expect(faultsOf([day, second])).toEqual([]);
    expect(parseRateLimits("limits", [day, second], () => {})).toEqual([second, day]);
  });

  it("are refused, each by its path, where a window is another, or there twice", () => {
    const limits = [0, 1_000, 60_000, 1_000].map((windowMs) => ({ windowMs, messageCount: 5 }));
    expect(faultsOf(limits)).toEqual([0, 2, 3].map((index) => `rate_limits.limits[${index}].window`));
  });

  it("are refused where a count is below 1, too large, or no whole number", () => {
    for (const messageCount of [0, -1, 1.5, 1_000_000_001, Number.NaN])
      expect(faultsOf([{ windowMs: 1_000, messageCount }])).toEqual(["rate_limits.limits[0].message_count"]);
  });
});

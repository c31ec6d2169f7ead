/** The stack that these tests run with is the pinned one: where it counted further itself, the e2e test would still hold. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countableTimeout } from "../../../../src/rpc/calls/far-deadlines.ts";

const msByUnit: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};
const longestMs = 2 ** 31 - 1;

describe("countableTimeout", () => {
  it("leaves alone what the stack counts right", () => {
    for (const value of ["596H", "30S", "1500m", "99999999m", "99999999u", "0m"])
      expect(countableTimeout(value)).toBeUndefined();
    // Faults are the stack's to refuse.
    for (const value of ["", "5", "x", "-1S", "5 s"]) expect(countableTimeout(value)).toBeUndefined();
  });

  it("P55 writes every other timeout as one that is as far away as can be counted", () => {
    expect(countableTimeout("597H")).toBe("2147483S");
    expect(countableTimeout("3000000000m")).toBe("2147483S");
    expect(countableTimeout("5000000000n")).toBe("5000m");
    const anyTimeout = fc.tuple(fc.bigInt(0n, 10n ** 30n), fc.constantFrom(...Object.keys(msByUnit)));
    fc.assert(
      fc.property(anyTimeout, ([digits, unit]) => {
        const value = `${digits}${unit}`;
        const ms = Number(digits) * (msByUnit[unit] ?? Number.NaN);
        // As grpc-js reads it.
        const [, read = "", readUnit = ""] =
          /(\d{1,8})\s*([HMSmun])/.exec(countableTimeout(value) ?? value) ?? [];
        const readMs = (Number(read) * (msByUnit[readUnit] ?? Number.NaN)) | 0;
        expect(readMs).toBeLessThanOrEqual(ms);
        expect(readMs).toBeGreaterThanOrEqual(Math.min(ms, longestMs) - 1_000);
      }),
    );
  });
});

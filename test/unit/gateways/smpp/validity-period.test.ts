import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { validityPeriod } from "../../../../src/gateways/smpp/validity-period.ts";
import { parseSmppTime } from "../../../../src/smpp/smpp-time.ts";

const nowMs = Date.UTC(2026, 10, 22, 8, 0, 0);

describe("validityPeriod", () => {
  it("P26 writes absolute UTC with no tenths and no difference", () => {
    const settings = { validityForm: "absolute", maxValidityMs: undefined } as const;
    expect(validityPeriod(nowMs + 90_000, nowMs, settings)).toBe("261122080130000+");
  });

  it("P26 writes the time left, or nothing", () => {
    const left = nowMs + 26 * 3_600_000 + 61_000;
    expect(validityPeriod(left, nowMs, { validityForm: "relative", maxValidityMs: undefined })).toBe(
      "000001020101000R",
    );
    expect(validityPeriod(left, nowMs, { validityForm: "none", maxValidityMs: undefined })).toBe("");
  });

  it("is capped by the gateway's longest", () => {
    const settings = { validityForm: "absolute", maxValidityMs: 60_000 } as const;
    expect(validityPeriod(nowMs + 7_200_000, nowMs, settings)).toBe("261122080100000+");
  });

  it("P26 names the same moment in either form, to the second", () => {
    const forms = fc.constantFrom("absolute" as const, "relative" as const);
    const leftMs = fc.integer({ min: 1, max: 72 * 3_600_000 });
    const now = fc.integer({ min: Date.UTC(2024, 0, 1), max: Date.UTC(2090, 0, 1) });
    fc.assert(
      fc.property(forms, leftMs, now, (validityForm, left, at) => {
        const text = validityPeriod(at + left, at, { validityForm, maxValidityMs: undefined });
        expect(text).toMatch(/^\d{12}000[+R]$/);
        const read = parseSmppTime(text);
        const end = read?.kind === "absolute" ? read.timeMs : at + (read?.durationMs ?? Number.NaN);
        expect(Math.abs(end - (at + left))).toBeLessThan(1_000);
      }),
    );
  });
});

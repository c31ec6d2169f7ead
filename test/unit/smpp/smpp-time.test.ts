import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatAbsoluteTime, formatRelativeTime, parseSmppTime } from "../../../src/smpp/smpp-time.ts";

const FIRST = Date.UTC(2000, 0, 1);
const LAST = Date.UTC(2099, 11, 31, 23, 59, 59);

describe("P26 SMPP times", () => {
  it("write an absolute time in UTC, tenths and quarter hours zero", () => {
    expect(formatAbsoluteTime(Date.UTC(2024, 1, 29, 23, 5, 9, 987))).toBe("240229230509000+");
  });

  it("read back every second of the century as it was", () => {
    fc.assert(
      fc.property(fc.integer({ min: FIRST / 1_000, max: LAST / 1_000 }), (seconds) => {
        const text = formatAbsoluteTime(seconds * 1_000);
        expect(text).toMatch(/^\d{12}000\+$/);
        expect(parseSmppTime(text)).toEqual({ kind: "absolute", timeMs: seconds * 1_000 });
      }),
    );
  });

  it("write a relative time that is never shorter than asked, and by less than a second longer", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 31 * 86_400_000 }), (durationMs) => {
        const text = formatRelativeTime(durationMs);
        expect(text).toMatch(/^0000\d{8}000R$/);
        const read = parseSmppTime(text);
        expect(read?.kind).toBe("relative");
        if (read?.kind !== "relative") return;
        expect(read.durationMs - durationMs).toBeGreaterThanOrEqual(0);
        expect(read.durationMs - durationMs).toBeLessThan(1_000);
      }),
    );
  });

  it("read tenths of a second and the difference to UTC in quarter hours", () => {
    const timeMs = Date.UTC(2024, 5, 1, 10, 0, 0) + 700;
    expect(parseSmppTime("240601120000708+")).toEqual({ kind: "absolute", timeMs });
    expect(parseSmppTime("240601063000714-")).toEqual({ kind: "absolute", timeMs });
    expect(parseSmppTime("020610233429000R")).toEqual({
      kind: "relative",
      durationMs: (2 * 365 + 6 * 30 + 10) * 86_400_000 + (23 * 3_600 + 34 * 60 + 29) * 1_000,
    });
  });

  it.each([
    "",
    "24060112000070+",
    "240631120000000+",
    "240230120000000+",
    "240601240000000+",
    "240601126000000+",
  ])("are not read from %j", (text) => {
    expect(parseSmppTime(text)).toBeUndefined();
  });

  it("refuse to write what the form cannot hold", () => {
    expect(() => formatAbsoluteTime(FIRST - 1)).toThrow(RangeError);
    expect(() => formatAbsoluteTime(Number.NaN)).toThrow(RangeError);
    expect(() => formatRelativeTime(-1)).toThrow(RangeError);
    expect(() => formatRelativeTime(32 * 86_400_000)).toThrow(RangeError);
  });
});

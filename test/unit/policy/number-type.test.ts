import fc from "fast-check";
import { PhoneNumberUtil } from "google-libphonenumber";
import { describe, expect, it } from "vitest";
import { parseE164 } from "../../../src/domain/phone-number.ts";
import { numberTypeOf } from "../../../src/policy/number-type.ts";

const google = PhoneNumberUtil.getInstance();

/** Google's numbers for types, in our words. */
const words = ["FIXED_LINE", "MOBILE", "MOBILE"] as const;

function wordOf(type: number): string {
  return type === -1 ? "UNKNOWN" : (words[type] ?? "SPECIAL");
}

/** The two packages hold different releases of Google's data. */
const changedRegions: readonly string[] = ["BJ", "BW", "ZW"];
const regions = google.getSupportedRegions().filter((region) => !changedRegions.includes(region));

const e164 = (number: string) => parseE164(number) ?? expect.fail(`${number} is not in E.164 form`);

describe("the kind of a number", () => {
  it("agrees with Google's library on examples of every kind in every country", () => {
    const differing: string[] = [];
    let count = 0;
    for (const region of regions)
      for (let type = 0; type <= 10; type++) {
        const example = google.getExampleNumberForType(region, type);
        if (!example) continue;
        const number = parseE164(google.format(example, 0));
        const country = google.getRegionCodeForNumber(example);
        if (number === undefined || country === undefined) continue;
        count += 1;
        const wanted = wordOf(google.getNumberType(example));
        const found = numberTypeOf(number, country);
        if (found !== wanted) differing.push(`${region} ${number} ${found}, not ${wanted}`);
      }
    expect(differing).toEqual([]);
    expect(count).toBeGreaterThan(1_000);
  });

  it("agrees with Google's library on numbers next to the examples", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...regions),
        fc.nat({ max: 9 }),
        fc.nat({ max: 9_999 }),
        (region, type, ending) => {
          const example = google.getExampleNumberForType(region, type);
          if (!example) return;
          const form = google.format(example, 0);
          const near = form.slice(0, -4) + String(ending).padStart(4, "0");
          const number = parseE164(near);
          if (number === undefined) return;
          const parsed = google.parse(number, region);
          const country = google.getRegionCodeForNumber(parsed);
          if (!country || country === "001") return;
          expect(`${number} ${numberTypeOf(number, country)}`).toBe(
            `${number} ${wordOf(google.getNumberType(parsed))}`,
          );
        },
      ),
    );
  });

  it.each([
    ["+31612345678", "NL", "MOBILE"],
    ["+31201234567", "NL", "FIXED_LINE"],
    ["+31601234567", "NL", "UNKNOWN"],
    ["+31900123456", "NL", "SPECIAL"],
    ["+14155550123", "US", "MOBILE"],
    ["+80012345678", undefined, "SPECIAL"],
    ["+99912345678", undefined, "UNKNOWN"],
  ])("of %s in %s is %s", (number, country, type) => {
    expect(numberTypeOf(e164(number), country)).toBe(type);
  });
});

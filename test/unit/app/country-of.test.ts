import fc from "fast-check";
import { PhoneNumberUtil } from "google-libphonenumber";
import { describe, expect, it } from "vitest";
import { createCountryOf } from "../../../src/app/country-of.ts";
import { parseE164 } from "../../../src/domain/phone-number.ts";

const google = PhoneNumberUtil.getInstance();
const countryOf = createCountryOf();

describe("countryOf", () => {
  it("agrees with Google's library on the example numbers of every country", () => {
    const differing = google.getSupportedRegions().filter((region) => {
      const example = google.getExampleNumber(region);
      const number = parseE164(google.format(example, 0));
      return number !== undefined && countryOf(number) !== google.getRegionCodeForNumber(example);
    });
    expect(differing).toEqual([]);
  });

  it("answers for any number in E.164 form, and the same when asked again", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1_000_000n, max: 999_999_999_999_999n }), (digits) => {
        const number = parseE164(`+${digits}`);
        if (number === undefined) return;
        const country = countryOf(number);
        expect(country === undefined || /^[A-Z]{2}$/.test(country)).toBe(true);
        expect(countryOf(number)).toBe(country);
      }),
    );
  });

  it("knows no country where no calling code fits", () => {
    const number = parseE164("+9991234567");
    expect(number && countryOf(number)).toBeUndefined();
  });
});

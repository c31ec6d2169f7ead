import fc from "fast-check";
import { PhoneNumberUtil } from "google-libphonenumber";
import { parsePhoneNumberFromString } from "libphonenumber-js/max";
import { describe, expect, it } from "vitest";
import { countryOf, knownCountryOf } from "../../../../src/app/sending/country-of.ts";
import { hasTrunkZero } from "../../../../src/app/sending/request/trunk-zero.ts";
import type { E164 } from "../../../../src/domain/message.ts";
import { parseE164 } from "../../../../src/domain/phone-number.ts";

const google = PhoneNumberUtil.getInstance();

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

  it.each([
    ["+447700900123", "GB"],
    ["+441000000000", "GB"],
    ["+10000000000", "US"],
    ["+70000000000", "RU"],
    ["+46999999999", "SE"],
    ["+39999999999", "IT"],
    ["+447624123456", "IM"],
    ["+14165550123", "CA"],
  ])(
    "gives %s to %s: what it does not know belongs to the main country of its calling code",
    (number, country) => {
      expect(countryOf(parseE164(number) ?? expect.fail())).toBe(country);
    },
  );

  it.each([
    ["+447700900123", undefined],
    ["+10000000000", undefined],
    ["+70000000000", undefined],
    ["+447624123456", "IM"],
    ["+14165550123", "CA"],
    ["+4670", "SE"],
  ])("knows of %s alone %s", (number, country) => {
    expect(knownCountryOf(number as E164)).toBe(country);
  });

  it("tells countries that share a calling code apart as libphonenumber's parser does", () => {
    const digitsOf = fc
      .integer({ min: 1, max: 9 })
      .chain((first) =>
        fc
          .array(fc.integer({ min: 0, max: 9 }), { minLength: 6, maxLength: 9 })
          .map((rest) => [first, ...rest].join("")),
      );
    const shared = ["1", "7", "39", "44", "47", "61", "212", "262", "290", "358", "590", "599"];
    fc.assert(
      fc.property(fc.constantFrom(...shared), digitsOf, (code, digits) => {
        // The parser takes what is dialled within a country off international numbers, too.
        fc.pre(!(code === "1" && digits.startsWith("1")) && !(code === "7" && digits.startsWith("8")));
        const number = `+${code}${digits}`;
        expect(knownCountryOf(number as E164)).toBe(parsePhoneNumberFromString(number)?.country);
      }),
      { numRuns: 2_000 },
    );
  });

  it("knows no country where no calling code fits", () => {
    const number = parseE164("+9991234567");
    expect(number && countryOf(number)).toBeUndefined();
  });
});

describe("a trunk zero", () => {
  it.each(["+4901711234567", "+46070123456", "+440771234567", "+490000000000"])(
    "is what %s has",
    (number) => {
      expect(hasTrunkZero(parseE164(number) ?? expect.fail())).toBe(true);
    },
  );

  it.each([
    "+390612345678",
    "+2250712345678",
    "+242061234567",
    "+37805491234",
    "+10000000000",
    "+46701234567",
  ])("is none in %s", (number) => {
    expect(hasTrunkZero(parseE164(number) ?? expect.fail())).toBe(false);
  });

  it("is in no example number of any country", () => {
    const wrong = google.getSupportedRegions().filter((region) => {
      const number = parseE164(google.format(google.getExampleNumber(region), 0));
      return number !== undefined && hasTrunkZero(number);
    });
    expect(wrong).toEqual([]);
  });
});

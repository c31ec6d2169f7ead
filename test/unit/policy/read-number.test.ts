import fc from "fast-check";
import { parsePhoneNumberFromString } from "libphonenumber-js/max";
import { describe, expect, it } from "vitest";
import { readNumber } from "../../../src/policy/read-number.ts";

const noBreak = "\u00a0";
const none = { defaultCountry: undefined, assumeNational: false };
const of = (defaultCountry: string, assumeNational = false) => ({ defaultCountry, assumeNational });

describe("a number as people write it", () => {
  it.each([
    ["0612345678", of("NL"), "+31612345678"],
    ["06 12 34 56 78", of("NL"), "+31612345678"],
    ["06-12345678", of("NL"), "+31612345678"],
    ["0031612345678", of("NL"), "+31612345678"],
    ["00 31 6 12345678", none, "+31612345678"],
    ["+31 (0)6 12345678", of("NL"), "+31612345678"],
    ["0031 (0) 6 1234 5678", none, "+31612345678"],
    ["(+31) 6 12345678", none, "+31612345678"],
    [`+31${noBreak}6${noBreak}12345678`, none, "+31612345678"],
    ["+31 [6] 1234-5678", none, "+31612345678"],
    ["31612345678", of("NL"), "+31612345678"],
    ["612345678", of("NL", true), "+31612345678"],
    ["0612345678", of("NL", true), "+31612345678"],
    ["+32470123456", of("NL"), "+32470123456"],
    ["0470 12 34 56", of("BE"), "+32470123456"],
    ["06 1234 5678", of("IT"), "+390612345678"],
    ["+39 06 1234 5678", of("NL"), "+390612345678"],
    ["347 123 4567", of("IT", true), "+393471234567"],
    ["(0)70 000 66 66", of("SE"), "+46700006666"],
    ["070-000 66 66", of("SE"), "+46700006666"],
    ["(415) 555-2671", of("US", true), "+14155552671"],
    ["1 415 555 2671", of("US", true), "+14155552671"],
    ["1 (415) 555-2671", none, "+14155552671"],
    ["8 912 345-67-89", of("RU", true), "+79123456789"],
    ["0600123456", of("NL"), "+31600123456"],
    ["+39 (0)6 1234 5678", none, "+390612345678"],
    ["+34 (0)612 34 56 78", none, "+34612345678"],
  ])("%j with %j is %s", (written, reading, number) => {
    expect(readNumber(written, reading)).toBe(number);
  });

  it.each([
    ["0612345678", none, "no country for its national form"],
    ["06123", of("NL"), "too short for its country"],
    ["061234567890123", of("NL"), "too long for its country"],
    ["+4612345", of("NL"), "too short to be international"],
    ["+4670000666612345", none, "too long to be international"],
    ["+9991234567", none, "a calling code that belongs to nobody"],
    ["+31.6.12345678", none, "dots"],
    ["+31/612345678", none, "a slash"],
    ["+31 6 1234567a", none, "a letter"],
    ["06 1234567a", of("NL"), "a letter in national form"],
    ["++31612345678", none, "two pluses"],
    ["+0031612345678", none, "a plus and two zeros"],
    ["+39 (0)35 123 4567", none, "without its zero a stranger's mobile"],
    ["+39 (0)376 123456", none, "without its zero a stranger's mobile"],
    ["+31 6 1234(0)678", none, "a zero in brackets that is not behind the calling code"],
    ["+3(0)1612345678", none, "a zero in brackets within the calling code"],
    ["", of("NL", true), "nothing"],
    ["   ", of("NL", true), "blanks only"],
    ["٠٦١٢٣٤٥٦٧٨", of("NL", true), "digits that are not ASCII"],
    [`+31612345678${" ".repeat(60)}`, none, "more characters than any number"],
  ])("%j with %j is none: %s", (written, reading, _why) => {
    expect(readNumber(written, reading)).toBeUndefined();
  });

  it("stays as it is where it was in E.164 form and of a possible length", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1_000_000n, max: 999_999_999_999_999n }), (digits) => {
        const number = readNumber(`+${digits}`, of("NL", true));
        const parsed = parsePhoneNumberFromString(`+${digits}`);
        const isPossible = parsed?.number === `+${digits}` && parsed.isPossible();
        expect(number).toBe(isPossible || number !== undefined ? `+${digits}` : undefined);
      }),
    );
  });

  it("with one leading zero is what libphonenumber's parser makes of it, where that finds a valid number", () => {
    const countries = ["NL", "BE", "DE", "FR", "GB", "IT", "SE", "AT", "CH", "ZA", "BR", "AR", "JP", "KE"];
    let found = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...countries),
        fc.integer({ min: 1_000_000, max: 9_999_999_999 }),
        (country, rest) => {
          const written = `0${rest}`;
          const parsed = parsePhoneNumberFromString(written, country as "NL");
          if (parsed?.isValid() !== true) return;
          found += 1;
          expect(readNumber(written, of(country))).toBe(parsed.number);
        },
      ),
      { numRuns: 2_000 },
    );
    expect(found).toBeGreaterThan(50);
  });
});

import fc from "fast-check";
import { expect, it } from "vitest";
import { compilePrices, type PriceLine } from "../../../../src/domain/money/price-table.ts";

const line = (regionCode: string, prefix: string, standard: number): PriceLine => ({
  ...{ regionCode, prefix, standard },
  premium: standard * 2,
});
const us = (digits: string) => ({ digits, callingCode: "1", regionCode: "US" });

it("finds the longest prefix, then the country, then the bare calling code, then everywhere else", () => {
  const priceOf = compilePrices([
    ...[line("", "", 9), line("", "1", 7), line("US", "", 5), line("", "1201", 3), line("", "120155", 2)],
  ]);
  const found = ["12015550123", "12017770123", "13105550123"].map((digits) => priceOf(us(digits))?.standard);
  expect(found).toEqual([2, 3, 5]);
  expect(priceOf({ digits: "14165550123", callingCode: "1", regionCode: "CA" })?.standard).toBe(7);
  expect(priceOf({ digits: "31612345678", callingCode: "31", regionCode: "NL" })).toEqual({
    ...{ standard: 9, premium: 18 },
  });
  expect(
    compilePrices([line("US", "", 5)])({ digits: "3161", callingCode: "31", regionCode: "NL" }),
  ).toBeUndefined();
});

it("finds what looking at every line would find", () => {
  const digits = fc.string({ unit: fc.constantFrom("0", "1", "2"), minLength: 0, maxLength: 4 });
  const lines = fc.uniqueArray(
    fc
      .record({ regionCode: fc.constantFrom("", "US", "CA"), rest: digits, price: fc.nat(99) })
      .map((drawn) =>
        drawn.regionCode === ""
          ? line("", `1${drawn.rest}`, drawn.price)
          : line(drawn.regionCode, "", drawn.price),
      ),
    { selector: ({ regionCode, prefix }) => `${regionCode}|${prefix}` },
  );
  fc.assert(
    fc.property(lines, digits, fc.constantFrom("US", "CA"), (list, rest, regionCode) => {
      const number = { digits: `1${rest}`, callingCode: "1", regionCode };
      const rank = (entry: PriceLine) =>
        entry.prefix.length > 1 ? entry.prefix.length + 1 : entry.prefix === "" ? 2 : 1;
      const [best] = list
        .filter((entry) =>
          entry.prefix === "" ? entry.regionCode === regionCode : number.digits.startsWith(entry.prefix),
        )
        .sort((a, b) => rank(b) - rank(a));
      expect(compilePrices(list)(number)?.standard).toBe(best?.standard);
    }),
  );
});

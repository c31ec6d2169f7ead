import fc from "fast-check";
import { expect, it } from "vitest";
import { exchangeUnit, parseExchangeRate } from "../../../../src/domain/money/exchange-rate.ts";
import {
  formatMicros,
  isCurrencyCode,
  mostUnitMicros,
  parseMicros,
} from "../../../../src/domain/money/micros.ts";

it("takes decimal numbers of at most six decimals, and nothing else", () => {
  expect(parseMicros("0.0125")).toBe(12_500n);
  expect(parseMicros("1000000000000000.000001")).toBe(1_000_000_000_000_000_000_001n);
  expect([parseMicros("0"), parseMicros("-3.5")]).toEqual([0n, -3_500_000n]);
  for (const text of [
    "",
    "-",
    ".5",
    "5.",
    "1,5",
    "+1",
    "1e3",
    " 1",
    "1 ",
    "00",
    "01.5",
    "0.0000001",
    "0x1",
    "٣",
  ])
    expect(parseMicros(text), text).toBeUndefined();
});

it("writes every amount so that it is read as the same", () => {
  expect([0n, 12_500n, -1n, 1_500_000n].map(formatMicros)).toEqual(["0.00", "0.0125", "-0.000001", "1.50"]);
  const amounts = fc.bigInt({ min: -(10n ** 21n), max: 10n ** 21n });
  fc.assert(fc.property(amounts, (amount) => parseMicros(formatMicros(amount)) === amount));
});

it("takes codes of currencies and of tokens", () => {
  for (const code of ["EUR", "USDT", "ABCDEFGH"]) expect(isCurrencyCode(code), code).toBe(true);
  for (const code of ["", "EU", "eur", "EUR ", "ABCDEFGHI", "E1R", "EUR\n"])
    expect(isCurrencyCode(code), code).toBe(false);
});

it("exchanges prices with nine decimals, rounded up once, and none above the most that a segment may cost", () => {
  const rateOf = (text: string) => parseExchangeRate(text) ?? 0n;
  expect(exchangeUnit(12_345, rateOf("1.000000001"))).toBe(12_346);
  expect(exchangeUnit(10_000, rateOf("1.08"))).toBe(10_800);
  expect(exchangeUnit(0, rateOf("3"))).toBe(0);
  expect(exchangeUnit(1, rateOf("0.000000001"))).toBe(1);
  expect(exchangeUnit(mostUnitMicros, rateOf("1"))).toBe(mostUnitMicros);
  expect(exchangeUnit(mostUnitMicros, rateOf("1.000000001"))).toBeUndefined();
  for (const text of ["0", "-1", "0.0000000001", "x", ""])
    expect(parseExchangeRate(text), text).toBeUndefined();
});

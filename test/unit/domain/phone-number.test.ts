import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { comparableDigits, isSameNumber } from "../../../src/domain/phone-number.ts";

describe("spellings of a number", () => {
  it.each([
    ["+46700006666", "46700006666"],
    ["0046700006666", "+46700006666"],
    ["0700006666", "+46700006666"],
    ["700006666", "46700006666"],
    ["46 70-000 66 66", "+46700006666"],
    ["46700006666\0\0", "+46700006666"],
    [" 0700006666 ", "0046700006666"],
  ])("P54 %j is %j", (left, right) => {
    expect(isSameNumber(left, right)).toBe(true);
    expect(isSameNumber(right, left)).toBe(true);
  });

  it.each([
    ["+46700006666", "+46700006667"],
    ["+46700006666", "+47700006666"],
    ["06666", "+46700006666"],
    ["Acme", "Acme"],
    ["", ""],
    ["4670000666x", "4670000666x"],
  ])("P54 %j and %j are not said to be one", (left, right) => {
    expect(isSameNumber(left, right)).toBe(false);
  });

  it("P54 compare equal whatever is put before and around their digits", () => {
    const digits = fc.stringMatching(/^[1-9][0-9]{7,13}$/);
    const around = fc.constantFrom("", " ", "\0", "\0\0 ");
    fc.assert(
      fc.property(digits, fc.constantFrom("", "+", "00", "0"), around, (number, prefix, padding) => {
        expect(comparableDigits(`${padding}${prefix}${number}${padding}`)).toBe(number);
      }),
    );
  });
});

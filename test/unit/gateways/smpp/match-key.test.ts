import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matchKey } from "../../../../src/gateways/smpp/match-key.ts";

describe("matchKey", () => {
  it("P1 keeps an exact id as it is", () => {
    expect(matchKey("0A1F", "exact")).toBe("0A1F");
  });

  it("P1 makes a hexadecimal response and a decimal receipt equal", () => {
    expect(matchKey("0A1F", "hex")).toBe(matchKey("2591", "decimal"));
    expect(matchKey("0x0a1f", "hex")).toBe(matchKey("0000002591", "decimal"));
  });

  it("P1 folds case and strips zeros", () => {
    expect(matchKey("0A1F", "zeroStripped")).toBe(matchKey("a1f", "zeroStripped"));
    expect(matchKey("0A1F", "caseFolded")).not.toBe(matchKey("a1f", "caseFolded"));
    expect(matchKey("ABCD-9", "caseFolded")).toBe("abcd-9");
    expect(matchKey("000", "zeroStripped")).toBe("0");
  });

  it("takes an id that is no number as it is, and an empty one too", () => {
    expect(matchKey("9f3c-77", "hex")).toBe("9f3c-77");
    expect(matchKey("12ab", "decimal")).toBe("12ab");
    expect(matchKey("", "hex")).toBe("");
    expect(matchKey("", "zeroStripped")).toBe("");
  });

  it("P1 matches numbers of 64 and more bits in either notation", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 200n }), fc.nat({ max: 8 }), (number, zeros) => {
        const padded = "0".repeat(zeros) + number.toString(16).toUpperCase();
        expect(matchKey(padded, "hex")).toBe(matchKey(number.toString(), "decimal"));
      }),
    );
  });
});

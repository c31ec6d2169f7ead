/**
 * The GSM 7-bit alphabet both ways, and packing.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeSeptets, encodeSeptets } from "../../../src/encoding/gsm7.ts";
import { DEFAULT_ALPHABET, DEFAULT_EXTENSION, HOLE } from "../../../src/encoding/gsm7-alphabet.ts";
import { fillBitsAfter, packSeptets, unpackSeptets } from "../../../src/encoding/pack-septets.ts";
import { defaultTable } from "../../../src/encoding/septet-table.ts";
import { charactersOf, gsmText } from "./encoding-arbitraries.ts";

function encode(text: string): string | undefined {
  const septets = encodeSeptets(text, defaultTable);
  return septets === undefined ? undefined : Buffer.from(septets).toString("hex");
}

function decode(hex: string): string {
  return decodeSeptets(Buffer.from(hex, "hex"), defaultTable);
}

describe("GSM 7-bit", () => {
  it("has 127 characters and 10 more behind the escape", () => {
    expect(DEFAULT_ALPHABET).toHaveLength(128);
    expect(DEFAULT_EXTENSION).toHaveLength(128);
    expect(new Set(charactersOf(DEFAULT_ALPHABET)).size).toBe(127);
    expect(DEFAULT_ALPHABET[0x1b]).toBe(HOLE);
    expect(charactersOf(DEFAULT_EXTENSION).join("")).toBe("\f^{}\\[~]|€");
  });

  it.each([
    ["@£$¥èéùìòÇ", "00010203040506070809"],
    ["\nØø\rÅåΔ_ΦΓ", "0a0b0c0d0e0f10111213"],
    ["ΛΩΠΨΣΘΞÆæß", "1415161718191a1c1d1e"],
    ["ÉÄÖÑÜ§¿äöñüà¡¤", "1f5b5c5d5e5f607b7c7d7e7f4024"],
    ["\f^{}\\[~]|€", "1b0a1b141b281b291b2f1b3c1b3d1b3e1b401b65"],
  ])("encodes %j as the standard's table has it", (text, hex) => {
    expect(encode(text)).toBe(hex);
    expect(decode(hex)).toBe(text);
  });

  it.each(["ç", "`", "\t", "·", "ê", "Γ́", "😀", "\u001b", "\u2300", "\uffff"])("has no %j", (text) => {
    expect(encode(text)).toBeUndefined();
  });

  it("P33 shows a lone escape at the end and a double escape as a space, an unknown escaped code as its main character", () => {
    expect(decode("61" + "1b")).toBe("a ");
    expect(decode("1b1b61")).toBe(" a");
    expect(decode("1b61")).toBe("a");
    expect(decode("1b0d")).toBe("\r");
    expect(decode("9b65")).toBe("€");
  });

  it("reads back every text that it encodes", () => {
    fc.assert(
      fc.property(gsmText, (text) => {
        expect(decode(encode(text) ?? "")).toBe(text);
      }),
      { numRuns: 200 },
    );
  });
});

describe("packing", () => {
  it.each([
    ["hellohello", "e8329bfd4697d9ec37"],
    ["1", "31"],
    ["12345678", "31d98c56b3dd70"],
    ["1234567", "31d98c56b3dd1a"],
  ])("packs %j as %s", (text, hex) => {
    expect(Buffer.from(packSeptets(Buffer.from(text))).toString("hex")).toBe(hex);
    expect(Buffer.from(unpackSeptets(Buffer.from(hex, "hex"))).toString()).toBe(text);
  });

  it("leaves as many fill bits as a header of 0 to 14 octets needs", () => {
    const bits = Array.from({ length: 15 }, (_, octets) => fillBitsAfter(octets));
    expect(bits).toEqual([0, 6, 5, 4, 3, 2, 1, 0, 6, 5, 4, 3, 2, 1, 0]);
  });

  it("reads back septets behind any number of fill bits, all but a CR that ends on the last octet", () => {
    fc.assert(
      fc.property(fc.uint8Array({ max: 127, maxLength: 160 }), fc.nat(6), (septets, fillBits) => {
        const octets = packSeptets(septets, fillBits);
        expect(octets.length).toBe(Math.ceil((fillBits + septets.length * 7) / 8));
        const endsOnOctet = (fillBits + septets.length * 7) % 8 === 0;
        const isPadding = endsOnOctet && septets.at(-1) === 0x0d;
        expect(unpackSeptets(octets, fillBits)).toEqual(isPadding ? septets.subarray(0, -1) : septets);
      }),
    );
  });

  it("unpacks any octets without failing", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), fc.nat(6), (octets, fillBits) => {
        const septets = unpackSeptets(octets, fillBits);
        expect(septets.every((septet) => septet < 0x80)).toBe(true);
      }),
    );
  });
});

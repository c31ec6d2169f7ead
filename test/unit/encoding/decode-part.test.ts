/**
 * Reading user data back, hostile octets included.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { baselineProfile } from "../../../src/encoding/baseline-profile.ts";
import { type DataCoding, dataCodingOf } from "../../../src/encoding/data-coding.ts";
import { type DecodedPart, decodePart } from "../../../src/encoding/decode-part.ts";
import { parseHeader } from "../../../src/encoding/udh.ts";
import { anyProfile } from "./encoding-arbitraries.ts";

function decode(
  hex: string,
  dataCoding: number,
  hasUserDataHeader = false,
  profile = baselineProfile,
): DecodedPart {
  const userData = Uint8Array.from(Buffer.from(hex, "hex"));
  return decodePart({ userData, dataCoding, hasUserDataHeader }, profile);
}

function textOf(part: DecodedPart): string {
  if (part.kind !== "text") throw new Error(`expected text, got ${part.kind}`);
  return part.text;
}

describe("decodePart", () => {
  it.each([
    [0x00, "00e9", "@i"],
    [0x01, "4161e9", "Aa\ufffd"],
    [0x03, "e980", "é\u0080"],
    [0x06, "bfe0", "Пр"],
    [0x08, "044fd83dde00", "я😀"],
    [0x08, "044f04", "я\ufffd"],
    [0x10, "00", "@"],
    [0x18, "044f", "я"],
    [0xc8, "00", "@"],
    [0xd0, "00", "@"],
    [0xe0, "044f", "я"],
    [0xf0, "1b65", "€"],
  ])("reads data_coding %i, %s", (dataCoding, hex, text) => {
    expect(textOf(decode(hex, dataCoding))).toBe(text);
  });

  it.each([
    [[0x02, 0x04, 0x14, 0x16, 0xf4, 0xf6], "binary"],
    [[0x08, 0x18, 0x1a, 0x48, 0xe0, 0xe8, 0xef], "ucs2"],
    [[0x10, 0x11, 0x12, 0x1c, 0x40, 0x80, 0xbf, 0xc0, 0xd8, 0xf0, 0xf3], "gsm7"],
    [[0x09, 0x0b, 0x0c, 0x0f, 0x20, 0x28, 0x34, 0x60, 0x7f], undefined],
  ] satisfies readonly (readonly [readonly number[], DataCoding | undefined])[])(
    "takes %j for %s",
    (octets, coding) => {
      for (const octet of octets) expect(dataCodingOf(octet)).toBe(coding);
    },
  );

  it("P34 reads data_coding 0 by the gateway's alphabet, and the gateway's own octets before the standard's", () => {
    const latin1 = { ...baselineProfile, defaultAlphabet: "latin1" } as const;
    expect(textOf(decode("5be95d", 0, false, latin1))).toBe("[é]");
    const own = { ...baselineProfile, dataCoding: { gsm7: 0x01, ucs2: 0x18, binary: 0x04 } };
    expect(textOf(decode("00", 0x01, false, own))).toBe("@");
  });

  it("reads packed septets behind the header's fill bits", () => {
    const packed = { ...baselineProfile, packing: "packed" } as const;
    expect(textOf(decode("e8329bfd4697d9ec37", 0, false, packed))).toBe("hellohello");
    expect(textOf(decode("050003cd0201" + "c2", 0, true, packed))).toBe("a");
  });

  it("reads every element, tells part and shift tables, and keeps ports raw", () => {
    const part = decode("0f" + "05040b8423f0" + "080412340302" + "240101" + "1b67", 0, true);
    expect(textOf(part)).toBe("ğ");
    expect(part.kind === "text" && part.header).toMatchObject({
      lengthOctets: 16,
      part: { reference: 0x1234, referenceBits: 16, total: 3, sequence: 2 },
      singleShift: 1,
      lockingShift: undefined,
      elements: [
        { id: 0x05, data: Uint8Array.of(0x0b, 0x84, 0x23, 0xf0) },
        { id: 0x08, data: Uint8Array.of(0x12, 0x34, 0x03, 0x02) },
        { id: 0x24, data: Uint8Array.of(1) },
      ],
    });
  });

  it("reads a locking shift table", () => {
    expect(textOf(decode("03250101" + "0c", 0, true))).toBe("ğ");
  });

  it.each(["0003420304", "0003420200", "0003420001", "00024202", "080442000304"])(
    "keeps but does not read a part number that makes no sense: %s",
    (element) => {
      const octets = Buffer.from(element, "hex");
      const header = parseHeader(Uint8Array.of(octets.length, ...octets));
      expect(header?.elements).toHaveLength(1);
      expect(header?.part).toBeUndefined();
    },
  );

  it("takes the last of repeated elements and ignores unknown languages", () => {
    expect(parseHeader(Uint8Array.of(10, 0, 3, 1, 2, 1, 0, 3, 9, 2, 2))?.part).toMatchObject({
      reference: 9,
      sequence: 2,
    });
    expect(parseHeader(Uint8Array.of(3, 0x24, 1, 14))).toMatchObject({ singleShift: undefined });
    expect(parseHeader(Uint8Array.of(0))).toMatchObject({ elements: [], lengthOctets: 1 });
  });

  it.each(["", "05", "050003", "02000300", "0300", "ff0003cd0201", "030003cd0201aa"])(
    "tells a malformed header: %j",
    (hex) => {
      expect(decode(hex, 0, true)).toEqual({
        kind: "undecodable",
        reason: "MALFORMED_HEADER",
        data: Uint8Array.from(Buffer.from(hex, "hex")),
      });
    },
  );

  it("reads any octets under any coding without throwing, losing none that it cannot read", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 260 }),
        fc.integer({ min: -1, max: 0x1ff }),
        fc.boolean(),
        anyProfile,
        (userData, dataCoding, hasUserDataHeader, profile) => {
          const part = decodePart({ userData, dataCoding, hasUserDataHeader }, profile);
          if (part.kind === "undecodable") expect(part.data).toEqual(userData);
          else expect(part.header === undefined).toBe(!hasUserDataHeader);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

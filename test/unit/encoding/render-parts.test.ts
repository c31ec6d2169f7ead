/**
 * What goes on the wire, and that it reads back as what was meant.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { baselineProfile } from "../../../src/encoding/baseline-profile.ts";
import { decodePart } from "../../../src/encoding/decode-part.ts";
import { countSeptets } from "../../../src/encoding/gsm7.ts";
import type { EncodingProfile, MessagePlan, WirePart } from "../../../src/encoding/message-plan.ts";
import { planMessage } from "../../../src/encoding/plan-message.ts";
import { renderParts } from "../../../src/encoding/render-parts.ts";
import { defaultTable } from "../../../src/encoding/septet-table.ts";
import { anyProfile, anyText, openOptions } from "./encoding-arbitraries.ts";

function plan(text: string, profile: EncodingProfile): MessagePlan {
  const result = planMessage({ kind: "text", text }, openOptions, profile);
  if (result.kind !== "planned") throw new Error(`expected a plan, got ${result.kind}`);
  return result.plan;
}

function render(text: string, profile: EncodingProfile, reference = 0x1234): readonly WirePart[] {
  return renderParts(plan(text, profile), profile, reference);
}

function hex(octets: Uint8Array | undefined): string {
  return Buffer.from(octets ?? []).toString("hex");
}

function userDataOf(part: WirePart): Uint8Array {
  return part.messagePayload ?? part.shortMessage;
}

function decode(part: WirePart, profile: EncodingProfile) {
  const { dataCoding, hasUserDataHeader } = part;
  return decodePart({ userData: userDataOf(part), dataCoding, hasUserDataHeader }, profile);
}

describe("renderParts", () => {
  it("sends one segment without header, reference or SAR", () => {
    expect(render("hello", baselineProfile)).toEqual([
      {
        dataCoding: 0,
        hasUserDataHeader: false,
        shortMessage: Uint8Array.from(Buffer.from("hello")),
        messagePayload: undefined,
        sar: undefined,
      },
    ]);
    expect(hex(render("я", baselineProfile)[0]?.shortMessage)).toBe("044f");
    expect(render("я", baselineProfile)[0]?.dataCoding).toBe(8);
  });

  it("P35 gives every part the same reference, 8 or 16 bits of it", () => {
    const text = "a".repeat(400);
    const headers = (concatenation: "udh8" | "udh16", length: number) =>
      render(text, { ...baselineProfile, concatenation }, 0xabcd).map((part) =>
        hex(part.shortMessage.subarray(0, length)),
      );
    expect(headers("udh8", 6)).toEqual(["050003cd0301", "050003cd0302", "050003cd0303"]);
    expect(headers("udh16", 7)).toEqual(["060804abcd0301", "060804abcd0302", "060804abcd0303"]);
  });

  it("sends SAR TLVs without a header, and the text alone in each part", () => {
    const parts = render("a".repeat(161), { ...baselineProfile, concatenation: "sar" }, 0x1abcd);
    expect(parts.map((part) => part.sar)).toEqual([
      { reference: 0xabcd, total: 2, sequence: 1 },
      { reference: 0xabcd, total: 2, sequence: 2 },
    ]);
    expect(parts.map((part) => [part.hasUserDataHeader, part.shortMessage.length])).toEqual([
      [false, 152],
      [false, 9],
    ]);
  });

  it("sends a long message whole in message_payload, a short one as ever", () => {
    const profile: EncodingProfile = { ...baselineProfile, concatenation: "payload" };
    const parts = render("a".repeat(400), profile);
    expect(parts).toHaveLength(1);
    expect(parts[0]).toMatchObject({
      hasUserDataHeader: false,
      shortMessage: new Uint8Array(0),
      sar: undefined,
    });
    expect(parts[0]?.messagePayload).toHaveLength(400);
    expect(render("abc", profile)[0]).toMatchObject({ messagePayload: undefined });
  });

  it("repeats the shift tables in every part, after the concatenation element", () => {
    const profile: EncodingProfile = {
      ...baselineProfile,
      singleShiftLanguages: [4],
      lockingShiftLanguages: [4],
    };
    const headers = render(`A${"ঁ".repeat(200)}`, profile, 7).map((part) =>
      hex(part.shortMessage.subarray(0, 12)),
    );
    expect(headers).toEqual(["0b00030702012401042501" + "04", "0b00030702022401042501" + "04"]);
  });

  it("packs septets after fill bits, and puts CR into seven spare bits", () => {
    const packed: EncodingProfile = { ...baselineProfile, packing: "packed" };
    expect(hex(render("hellohello", packed)[0]?.shortMessage)).toBe("e8329bfd4697d9ec37");
    // Seven septets leave seven bits: CR, not the @ that zeros would be.
    expect(hex(render("1234567", packed)[0]?.shortMessage)).toBe("31d98c56b3dd1a");
    // After a header of six octets one fill bit comes first: 153 septets make 134 octets.
    const parts = render("a".repeat(306), packed);
    expect(parts.map((part) => part.shortMessage.length)).toEqual([140, 140]);
    expect(parts[0]?.shortMessage[6]).toBe((0x61 << 1) & 0xff);
  });

  it("P34 sends Latin-1 octets where data_coding 0 means Latin-1, by one path for all parts", () => {
    const latin1: EncodingProfile = { ...baselineProfile, defaultAlphabet: "latin1" };
    expect(hex(render("[é@]", latin1)[0]?.shortMessage)).toBe("5be9405d");
    const parts = render("é[".repeat(80), latin1);
    expect(new Set(parts.map((part) => part.dataCoding)).size).toBe(1);
    for (const part of parts) expect(hex(part.shortMessage.subarray(6))).toMatch(/^(e95b|5be9)+(e9|5b)?$/);
  });

  it("takes data_coding from the profile", () => {
    const profile: EncodingProfile = {
      ...baselineProfile,
      dataCoding: { gsm7: 0xf1, ucs2: 0x18, binary: 0xf5 },
    };
    expect(render("a", profile)[0]?.dataCoding).toBe(0xf1);
    expect(render("я", profile)[0]?.dataCoding).toBe(0x18);
  });

  it("repeats the caller's own header with binary data", () => {
    const content = {
      kind: "binary",
      data: new Uint8Array(200).fill(9),
      udh: Uint8Array.of(6, 5, 4, 11, 132, 35, 240),
    } as const;
    const result = planMessage(content, openOptions, baselineProfile);
    if (result.kind !== "planned") throw new Error(result.kind);
    const parts = renderParts(result.plan, baselineProfile, 1);
    expect(parts.map((part) => hex(part.shortMessage.subarray(0, 12)))).toEqual([
      "0b00030102010504" + "0b8423f0",
      "0b00030102020504" + "0b8423f0",
    ]);
    expect(parts.map((part) => part.shortMessage.length)).toEqual([140, 84]);
    const joined = parts.map((part) => decode(part, baselineProfile));
    expect(joined.reduce((sum, part) => sum + (part.kind === "binary" ? part.data.length : 0), 0)).toBe(200);
  });

  it("P30 reads back part by part as the segments that the plan showed", () => {
    fc.assert(
      fc.property(anyText, anyProfile, fc.nat(0xffff), (text, profile, reference) => {
        // A CR at the end of packed text is indistinguishable from padding; that has a test of its own.
        const sent = profile.packing === "packed" ? text.replaceAll("\r", "-") : text;
        const planned = plan(sent, profile);
        const parts = renderParts(planned, profile, reference);
        const decoded = parts.map((part) => decode(part, profile));
        const shown = decoded.map((part) => (part.kind === "text" ? part.text : part.kind));
        const wanted = planned.segments.map((segment) => segment.text);
        expect(shown).toEqual(planned.concatenation === "payload" ? [wanted.join("")] : wanted);
        decoded.forEach((part, index) => {
          if (part.kind !== "text" || !planned.concatenation?.startsWith("udh")) return;
          const referenceBits = planned.concatenation === "udh8" ? 8 : 16;
          expect(part.header?.part).toEqual({
            reference: referenceBits === 8 ? reference & 0xff : reference,
            referenceBits,
            total: parts.length,
            sequence: index + 1,
          });
        });
      }),
      { numRuns: 300 },
    );
  });

  it("P36 puts no more on the air than 140 octets a part, headers and fill bits included", () => {
    fc.assert(
      fc.property(anyText, anyProfile, (text, profile) => {
        const planned = plan(text, profile);
        if (planned.concatenation === "payload") return;
        for (const [index, part] of renderParts(planned, profile, 0xffff).entries()) {
          const headerOctets = part.hasUserDataHeader ? 1 + (part.shortMessage[0] ?? 0) : 0;
          const sarOctets = part.sar === undefined ? 0 : 7;
          const segment = planned.segments[index];
          const bodyBits =
            planned.encoding === "ucs2"
              ? 8 * (part.shortMessage.length - headerOctets)
              : 7 * (segment?.unitsUsed ?? 0);
          const startBits = Math.ceil(
            (8 * (headerOctets + sarOctets)) / (planned.encoding === "ucs2" ? 8 : 7),
          );
          const unit = planned.encoding === "ucs2" ? 8 : 7;
          expect(startBits * unit + bodyBits).toBeLessThanOrEqual(1_120);
          if (profile.defaultAlphabet !== "gsm" && planned.encoding === "gsm7") {
            expect(segment?.unitsUsed).toBe(countSeptets(segment?.text ?? "", defaultTable));
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it("P31 cuts UCS-2 between code units, never inside one", () => {
    for (const concatenation of ["udh8", "udh16", "sar"] as const) {
      const parts = render("я".repeat(300), { ...baselineProfile, concatenation });
      const headerOctets = { udh8: 6, udh16: 7, sar: 0 }[concatenation];
      expect(parts.length).toBeGreaterThan(4);
      for (const part of parts) expect(hex(part.shortMessage.subarray(headerOctets))).toMatch(/^(044f)+$/);
    }
  });

  it("P29 ends no part with an escape and begins none with half a pair", () => {
    fc.assert(
      fc.property(anyText, anyProfile, (text, profile) => {
        const planned = plan(text, { ...profile, packing: "unpacked" });
        for (const part of renderParts(planned, { ...profile, packing: "unpacked" }, 1)) {
          const octets = userDataOf(part);
          if (planned.encoding === "gsm7" && profile.defaultAlphabet === "gsm")
            expect(octets.at(-1)).not.toBe(0x1b);
        }
        if (!text.isWellFormed()) return;
        for (const segment of planned.segments) expect(segment.text.isWellFormed()).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

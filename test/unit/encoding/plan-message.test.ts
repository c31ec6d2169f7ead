/**
 * Which encoding and how many segments a content gets (semantics.md §6).
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { baselineProfile } from "../../../src/encoding/baseline-profile.ts";
import type {
  EncodingProfile,
  MessagePlan,
  PlanOptions,
  PlanResult,
} from "../../../src/encoding/message-plan.ts";
import { planMessage } from "../../../src/encoding/plan-message.ts";
import { anyProfile, anyText, openOptions } from "./encoding-arbitraries.ts";

const options: PlanOptions = { encoding: "auto", transliterate: false, maxSegments: 30 };

function plan(text: string, profile: EncodingProfile = baselineProfile, asked = options): MessagePlan {
  const result = planMessage({ kind: "text", text }, asked, profile);
  if (result.kind !== "planned") throw new Error(`expected a plan, got ${result.kind}`);
  return result.plan;
}

function planData(lengthOctets: number, udh: readonly number[], profile = baselineProfile): PlanResult {
  const data = new Uint8Array(lengthOctets).fill(7);
  return planMessage({ kind: "binary", data, udh: Uint8Array.from(udh) }, options, profile);
}

function used(planned: MessagePlan): readonly number[] {
  return planned.segments.map((segment) => segment.unitsUsed);
}

describe("planMessage", () => {
  it.each([
    ["udh8", "a", 160, 153],
    ["udh16", "a", 160, 152],
    ["sar", "a", 160, 152],
    ["payload", "a", 160, 153],
    ["udh8", "я", 70, 67],
    ["udh16", "я", 70, 66],
    ["sar", "я", 70, 66],
    ["payload", "я", 70, 67],
  ] as const)(
    "P36 carries by %s a text of %s in one part of %i, then in parts of %i",
    (concatenation, letter, one, part) => {
      const profile: EncodingProfile = { ...baselineProfile, concatenation };
      expect(used(plan(letter.repeat(one), profile))).toEqual([one]);
      expect(plan(letter.repeat(one), profile).concatenation).toBeUndefined();
      expect(used(plan(letter.repeat(one + 1), profile))).toEqual([part, one + 1 - part]);
      expect(plan(letter.repeat(one + 1), profile).concatenation).toBe(concatenation);
      expect(used(plan(letter.repeat(2 * part), profile))).toEqual([part, part]);
      expect(used(plan(letter.repeat(2 * part + 1), profile))).toEqual([part, part, 1]);
      expect(plan(letter.repeat(2 * part + 1), profile).segments.at(-1)?.unitsLeft).toBe(part - 1);
    },
  );

  it.each([
    ["udh8", [1], [], "ğ", 77, 74],
    ["udh16", [1], [], "ğ", 77, 74],
    ["udh8", [], [1], "ğ", 155, 149],
    ["udh16", [], [1], "ğ", 155, 148],
    ["udh8", [4], [4], "ঁ", 155, 149],
  ] as const)(
    "carries by %s with single shift %j and locking shift %j",
    (concatenation, single, locking, letter, one, part) => {
      const profile: EncodingProfile = {
        ...baselineProfile,
        concatenation,
        singleShiftLanguages: single,
        lockingShiftLanguages: locking,
      };
      expect(plan(letter.repeat(one), profile).segments).toHaveLength(1);
      expect(plan(letter.repeat(2 * part), profile).segments).toHaveLength(2);
      expect(plan(letter.repeat(2 * part + 1), profile).segments).toHaveLength(3);
      expect(plan(letter.repeat(2 * part + 1), profile).encoding).toBe("gsm7");
    },
  );

  it.each([
    ["udh8", 152, 146],
    ["udh16", 152, 145],
  ] as const)(
    "carries by %s both shift tables in one part of %i, then in parts of %i",
    (concatenation, one, part) => {
      const profile: EncodingProfile = {
        ...baselineProfile,
        concatenation,
        singleShiftLanguages: [4],
        lockingShiftLanguages: [4],
      };
      // U+0981 is one septet of the locking table, A two of the single shift table.
      const planned = plan(`A${"ঁ".repeat(one - 2)}`, profile);
      expect([planned.lockingShift, planned.singleShift]).toEqual([4, 4]);
      expect(planned.segments.map((segment) => segment.unitsLeft)).toEqual([0]);
      const longer = plan(`A${"ঁ".repeat(2 * part - 2)}`, profile);
      expect([longer.lockingShift, longer.singleShift]).toEqual([4, 4]);
      expect(used(longer)).toEqual([part, part]);
    },
  );

  it("prefers the default alphabet, then a single shift, a locking shift and UCS-2 where segments are equal", () => {
    const profile: EncodingProfile = {
      ...baselineProfile,
      singleShiftLanguages: [1],
      lockingShiftLanguages: [1],
    };
    const shifts = (text: string) => {
      const { encoding, singleShift, lockingShift } = plan(text, profile);
      return [encoding, singleShift, lockingShift];
    };
    expect(shifts("gunaydin")).toEqual(["gsm7", undefined, undefined]);
    expect(shifts("günaydın")).toEqual(["gsm7", 1, undefined]);
    expect(shifts("ş".repeat(78))).toEqual(["gsm7", undefined, 1]);
    expect(shifts("ж")).toEqual(["ucs2", undefined, undefined]);
  });

  it("takes the lower language number where segments are equal, whatever the order in the profile", () => {
    const ways = [
      [3, 2],
      [2, 3],
    ] as const;
    for (const singleShiftLanguages of ways) {
      expect(plan("á ç ú", { ...baselineProfile, singleShiftLanguages }).singleShift).toBe(2);
    }
  });

  it("takes fewer segments over the default alphabet when a locking shift makes characters cheaper", () => {
    const profile: EncodingProfile = { ...baselineProfile, lockingShiftLanguages: [3] };
    const planned = plan("~".repeat(155), profile);
    expect([planned.lockingShift, planned.segments.length]).toEqual([3, 1]);
    expect(planned.forcingCharacters).toEqual([]);
  });

  it.each(["sar", "payload"] as const)("uses no shift tables with %s", (concatenation) => {
    const profile: EncodingProfile = {
      ...baselineProfile,
      concatenation,
      singleShiftLanguages: [1],
      lockingShiftLanguages: [1],
    };
    expect(plan("günaydın", profile).encoding).toBe("ucs2");
  });

  it("tells each character that forces the dearer encoding, a surrogate pair as one", () => {
    expect(plan("aжb👍c·").forcingCharacters).toEqual([
      { character: "ж", offset: 1 },
      { character: "👍", offset: 3 },
      { character: "·", offset: 6 },
    ]);
    expect(plan("a€").forcingCharacters).toEqual([]);
    expect(plan("a", baselineProfile, { ...options, encoding: "ucs2" }).forcingCharacters).toEqual([]);
  });

  it("keeps to a demanded encoding", () => {
    expect(plan("abc", baselineProfile, { ...options, encoding: "ucs2" }).encoding).toBe("ucs2");
    const result = planMessage(
      { kind: "text", text: "abж" },
      { ...options, encoding: "gsm7" },
      baselineProfile,
    );
    expect(result).toEqual({
      kind: "not_encodable",
      reason: "CHARACTER_NOT_IN_ALPHABET",
      forcingCharacters: [{ character: "ж", offset: 2 }],
    });
  });

  it("P32 refuses what a gateway without UCS-2 cannot carry, and replaces nothing", () => {
    const profile = { ...baselineProfile, supportsUcs2: false };
    const result = planMessage({ kind: "text", text: "ж" }, options, profile);
    expect(result).toEqual({
      kind: "not_encodable",
      reason: "ENCODING_NOT_SUPPORTED",
      forcingCharacters: [{ character: "ж", offset: 0 }],
    });
    expect(plan("abc", profile).encoding).toBe("gsm7");
  });

  it("P28 refuses too many parts with the true count, by the lower of both limits", () => {
    const long = { kind: "text", text: "a".repeat(2_000) } as const;
    expect(planMessage(long, { ...options, maxSegments: 5 }, baselineProfile)).toEqual({
      kind: "too_many_segments",
      segmentCount: 14,
      limit: 5,
      limitedBy: "request",
    });
    expect(planMessage(long, options, { ...baselineProfile, maxSegments: 10 })).toEqual({
      kind: "too_many_segments",
      segmentCount: 14,
      limit: 10,
      limitedBy: "gateway",
    });
    expect(plan(long.text, { ...baselineProfile, maxSegments: 14 }).segments).toHaveLength(14);
  });

  it("P31 counts an extension character as two septets and as one UCS-2 unit", () => {
    expect(used(plan("€[]"))).toEqual([6]);
    expect(used(plan("€[]ж"))).toEqual([4]);
  });

  it("P34 carries by data_coding 0 only what the gateway's alphabet shares with GSM, at the air's price", () => {
    const latin1: EncodingProfile = { ...baselineProfile, defaultAlphabet: "latin1" };
    const ascii: EncodingProfile = { ...baselineProfile, defaultAlphabet: "ascii" };
    expect(used(plan("[é]", latin1))).toEqual([5]);
    expect(plan("[é]", ascii).encoding).toBe("ucs2");
    expect(plan("5 €", latin1).encoding).toBe("ucs2");
    // ê is in Latin-1 but not in the GSM alphabet, Δ the other way round.
    expect(plan("ê", latin1).encoding).toBe("ucs2");
    expect(plan("Δ", latin1).encoding).toBe("ucs2");
    expect(plan("Ç", latin1).encoding).toBe("gsm7");
    expect(plan("ç").encoding).toBe("ucs2");
    expect(plan("[".repeat(81), latin1).segments).toHaveLength(2);
  });

  it("sends TAB as UCS-2", () => {
    expect(plan("a\tb").encoding).toBe("ucs2");
    expect(plan("a\fb\r\n").encoding).toBe("gsm7");
  });

  it("transliterates only when asked, only when all of it then fits, and tells what it changed", () => {
    const asked = { ...options, transliterate: true };
    const changed = plan("“Dvořák”", baselineProfile, asked);
    expect(changed.segments[0]?.text).toBe('"Dvorak"');
    expect(changed.encoding).toBe("gsm7");
    expect(changed.substitutions).toEqual([
      { offset: 0, from: "“", to: '"' },
      { offset: 4, from: "ř", to: "r" },
      { offset: 5, from: "á", to: "a" },
      { offset: 7, from: "”", to: '"' },
    ]);
    expect(plan("“Dvořák”").substitutions).toEqual([]);
    expect(plan("“Dvořák” жук", baselineProfile, asked)).toMatchObject({
      encoding: "ucs2",
      substitutions: [],
    });
    expect(plan("“x”", baselineProfile, { ...asked, encoding: "ucs2" }).segments[0]?.text).toBe("“x”");
  });

  it("cuts binary data by 140, 134 and 133 octets, less the caller's own header", () => {
    const counts = (result: PlanResult) =>
      result.kind === "planned" ? result.plan.segments.map((segment) => segment.unitsUsed) : result;
    expect(counts(planData(140, []))).toEqual([140]);
    expect(counts(planData(141, []))).toEqual([134, 7]);
    expect(counts(planData(141, [], { ...baselineProfile, concatenation: "udh16" }))).toEqual([133, 8]);
    expect(counts(planData(141, [], { ...baselineProfile, concatenation: "sar" }))).toEqual([133, 8]);
    expect(counts(planData(133, [6, 5, 4, 0, 1, 0, 2]))).toEqual([133]);
    expect(counts(planData(134, [6, 5, 4, 0, 1, 0, 2]))).toEqual([128, 6]);
  });

  it("ties binary parts that have a header of their own by that header, never by SAR", () => {
    const result = planData(200, [6, 5, 4, 0, 1, 0, 2], { ...baselineProfile, concatenation: "sar" });
    expect(result).toMatchObject({ kind: "planned", plan: { concatenation: "udh16" } });
  });

  it("refuses binary data that the gateway does not take, and headers that do not add up", () => {
    expect(planData(1, [], { ...baselineProfile, supportsBinary: false })).toMatchObject({
      reason: "ENCODING_NOT_SUPPORTED",
    });
    for (const udh of [
      [5, 0, 3, 1],
      [2, 0, 3],
      [6, 0, 3, 1, 2, 1],
    ]) {
      expect(planData(1, udh)).toMatchObject({ reason: "INVALID_USER_DATA_HEADER" });
    }
    // Already part 1 of 2: fits one segment or none.
    expect(planData(134, [5, 0, 3, 1, 2, 1]).kind).toBe("planned");
    expect(planData(135, [5, 0, 3, 1, 2, 1])).toMatchObject({ reason: "INVALID_USER_DATA_HEADER" });
  });

  it("keeps the whole text, in order, within each segment's budget", () => {
    fc.assert(
      fc.property(anyText, anyProfile, (text, profile) => {
        const planned = plan(text, profile, openOptions);
        expect(planned.segments.map((segment) => segment.text).join("")).toBe(text);
        for (const segment of planned.segments) {
          expect(segment.unitsUsed).toBeGreaterThan(0);
          expect(segment.unitsLeft).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("P30 is a function of content, options and profile alone", () => {
    fc.assert(
      fc.property(anyText, anyProfile, (text, profile) => {
        expect(plan(text, profile, openOptions)).toEqual(plan(text, structuredClone(profile), openOptions));
      }),
      { numRuns: 100 },
    );
  });
});

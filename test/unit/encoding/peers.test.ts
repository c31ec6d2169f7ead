/**
 * Our plans beside those of two npm packages. Where they disagree, the standard and P29 decide, and each kind of
 * disagreement is listed here; any other fails.
 */
import { createRequire } from "node:module";
import fc from "fast-check";
import { SegmentedMessage } from "sms-segments-calculator";
import { describe, expect, it } from "vitest";
import { baselineProfile } from "../../../src/encoding/baseline-profile.ts";
import { planMessage } from "../../../src/encoding/plan-message.ts";
import { anyText, emojiText, gsmText, openOptions } from "./encoding-arbitraries.ts";

interface SplitSms {
  split(text: string): {
    readonly characterSet: "GSM" | "Unicode";
    readonly parts: readonly { readonly content: string; readonly bytes: number }[];
  };
}

// It has no type declarations and is CommonJS.
const splitSms: SplitSms = createRequire(import.meta.url)("split-sms");
const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });

interface Estimate {
  readonly encoding: string;
  /** Septets or code units of each part. */
  readonly units: readonly number[];
}

function ours(text: string): Estimate {
  const result = planMessage({ kind: "text", text }, openOptions, baselineProfile);
  if (result.kind !== "planned") throw new Error(`expected a plan, got ${result.kind}`);
  return {
    encoding: result.plan.encoding,
    units: result.plan.segments.map((segment) => segment.unitsUsed),
  };
}

function bySplitSms(text: string): Estimate {
  const { characterSet, parts } = splitSms.split(text);
  const isGsm = characterSet === "GSM";
  return {
    encoding: isGsm ? "gsm7" : "ucs2",
    units: parts.map((part) => (isGsm ? part.bytes : part.bytes / 2)),
  };
}

function byCalculator(text: string): Estimate {
  const message = new SegmentedMessage(text);
  const isGsm = message.encodingName === "GSM-7";
  return {
    encoding: isGsm ? "gsm7" : "ucs2",
    units: message.segments.map((segment) => segment.messageSizeInBits() / (isGsm ? 7 : 16)),
  };
}

type Judgement =
  | "agree"
  | "a grapheme kept whole at the price of a part"
  | "a part over its limit"
  | "unknown";

/** Why a peer's estimate differs from ours in encoding or number of parts. */
function judge(text: string, mine: Estimate, theirs: Estimate): Judgement {
  const limit = mine.encoding === "gsm7" ? 153 : 67;
  if (mine.encoding !== theirs.encoding) return "unknown";
  if (theirs.units.length > 1 && theirs.units.some((units) => units > limit)) return "a part over its limit";
  if (mine.units.length === theirs.units.length) return "agree";
  const boundaries = new Set([...segmenter.segment(text)].map((grapheme) => grapheme.index));
  // The calculator keeps every grapheme but CR LF.
  for (const { index } of text.matchAll(/\r\n/g)) boundaries.add(index + 1);
  let offset = 0;
  const cutsGraphemes = theirs.units.slice(0, -1).some((units) => !boundaries.has((offset += units)));
  return mine.encoding === "ucs2" && mine.units.length < theirs.units.length && !cutsGraphemes
    ? "a grapheme kept whole at the price of a part"
    : "unknown";
}

const wellFormed = fc.oneof(anyText, gsmText, emojiText).filter((text) => text.isWellFormed());

describe("other calculators", () => {
  it("split-sms 0.1.7 agrees on encoding and number of parts over random texts", () => {
    fc.assert(
      fc.property(wellFormed, (text) => {
        expect(judge(text, ours(text), bySplitSms(text))).toBe("agree");
      }),
      { numRuns: 300 },
    );
  });

  it("sms-segments-calculator 1.3.0 disagrees over random texts only in the ways listed", () => {
    const known: readonly Judgement[] = [
      "agree",
      // P29: Twilio's own parts may do so; ours must not cost the sender a part.
      "a grapheme kept whole at the price of a part",
      // P33: what it calls one part cannot be sent as one.
      "a part over its limit",
    ];
    fc.assert(
      fc.property(wellFormed, (text) => {
        expect(known).toContain(judge(text, ours(text), byCalculator(text)));
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    {
      why: "P29 split-sms cuts CR from LF where we need not; both need two parts",
      text: "\r\n".repeat(100),
      peer: bySplitSms,
      mine: [152, 48],
      theirs: [153, 47],
    },
    {
      why: "P29 split-sms cuts an emoji from its skin tone where we need not; both need two parts",
      text: `${"я".repeat(65)}👍🏽яя`,
      peer: bySplitSms,
      mine: [65, 6],
      theirs: [67, 4],
    },
    {
      why: "P29 the calculator pays a third part to keep an emoji and its skin tone together",
      text: `${"я".repeat(65)}👍🏽${"я".repeat(65)}`,
      peer: byCalculator,
      mine: [67, 67],
      theirs: [65, 67, 2],
    },
    {
      why: "P33 the calculator overfills a part with a grapheme longer than one",
      text: `e${"\u0301".repeat(150)}`,
      peer: byCalculator,
      mine: [67, 67, 17],
      theirs: [0, 151],
    },
  ])("$why", ({ text, peer, mine, theirs }) => {
    expect(ours(text).units).toEqual(mine);
    expect(peer(text).units).toEqual(theirs);
  });
});

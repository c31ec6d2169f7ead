/**
 * Where texts are cut (P29, P33), against a plain search over all cuts.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { baselineProfile } from "../../../src/encoding/baseline-profile.ts";
import type { MessagePlan } from "../../../src/encoding/message-plan.ts";
import { planMessage } from "../../../src/encoding/plan-message.ts";
import { anyText, emojiText, gsmText, openOptions } from "./encoding-arbitraries.ts";

const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });
const EXTENSION = new Set("\f^{}\\[~]|€");

function plan(text: string): MessagePlan {
  const result = planMessage({ kind: "text", text }, openOptions, baselineProfile);
  if (result.kind !== "planned") throw new Error(`expected a plan, got ${result.kind}`);
  return result.plan;
}

function texts(text: string): readonly string[] {
  return plan(text).segments.map((segment) => segment.text);
}

function cutsOf(planned: MessagePlan): readonly number[] {
  const cuts: number[] = [];
  let offset = 0;
  for (const segment of planned.segments.slice(0, -1)) cuts.push((offset += segment.text.length));
  return cuts;
}

function boundariesOf(text: string): ReadonlySet<number> {
  return new Set([...segmenter.segment(text)].map((segment) => segment.index));
}

/** Fewest parts and, with so many, fewest cut graphemes: breadth first over the positions that each count reaches. */
function leastPartsAndCuts(text: string, budget: number, cost: (character: string) => number) {
  const boundaries = boundariesOf(text);
  const characters = [...text];
  const offsets: number[] = [0];
  for (const character of characters) offsets.push((offsets.at(-1) ?? 0) + character.length);
  let reached = new Map([[0, 0]]);
  for (let parts = 1; ; parts++) {
    const next = new Map<number, number>();
    for (const [start, broken] of reached) {
      let used = 0;
      for (let end = start; end < characters.length; ) {
        used += cost(characters[end] ?? "");
        if (used > budget) break;
        end += 1;
        const isCut = end < characters.length && !boundaries.has(offsets[end] ?? -1);
        const total = broken + (isCut ? 1 : 0);
        if (total < (next.get(end) ?? Number.POSITIVE_INFINITY)) next.set(end, total);
      }
    }
    const broken = next.get(characters.length);
    if (broken !== undefined) return { parts, broken };
    reached = next;
  }
}

function expectLeast(text: string): void {
  const planned = plan(text);
  if (planned.segments.length === 1) return;
  const isGsm = planned.encoding === "gsm7";
  const cost = (character: string) => (isGsm ? (EXTENSION.has(character) ? 2 : 1) : character.length);
  const least = leastPartsAndCuts(text, isGsm ? 153 : 67, cost);
  const boundaries = boundariesOf(text);
  const broken = cutsOf(planned).filter((cut) => !boundaries.has(cut)).length;
  expect({ parts: planned.segments.length, broken }).toEqual(least);
}

/** Shrinking a failure through the plain search can take minutes; the first counterexamples do. */
const bounded = { interruptAfterTimeLimit: 10_000, markInterruptAsFailure: true } as const;

describe("cutting a text", () => {
  it("P29 never parts an escape from its character", () => {
    expect(texts(`${"a".repeat(152)}€${"b".repeat(20)}`)).toEqual(["a".repeat(152), `€${"b".repeat(20)}`]);
    expect(plan("€".repeat(100)).segments.map((segment) => segment.unitsUsed)).toEqual([152, 48]);
  });

  it("P29 never parts a surrogate pair", () => {
    expect(texts(`${"я".repeat(66)}😀${"я".repeat(10)}`)).toEqual(["я".repeat(66), `😀${"я".repeat(10)}`]);
  });

  it("P29 keeps a grapheme whole where that costs no further part", () => {
    expect(texts(`${"я".repeat(65)}👍🏽${"я".repeat(10)}`)).toEqual([
      "я".repeat(65),
      `👍🏽${"я".repeat(10)}`,
    ]);
    const family = "👨‍👩‍👧‍👦";
    for (const part of texts(family.repeat(15))) expect(part.length % family.length).toBe(0);
  });

  it("P29 cuts a grapheme, but no pair, where keeping it whole would cost a part", () => {
    // 134 units exactly: two full parts, and the second half of the emoji must begin the second.
    const text = `${"я".repeat(65)}👍🏽${"я".repeat(65)}`;
    expect(texts(text)).toEqual([`${"я".repeat(65)}👍`, `🏽${"я".repeat(65)}`]);
  });

  it("P29 breaks an early grapheme rather than two later ones", () => {
    fc.assert(fc.property(emojiText, expectLeast), { numRuns: 150, ...bounded });
  });

  it("P33 keeps CR LF together where it is free, and parts it where it is not", () => {
    expect(texts(`${"a".repeat(152)}\r\n${"b".repeat(20)}`)).toEqual([
      "a".repeat(152),
      `\r\n${"b".repeat(20)}`,
    ]);
    expect(texts(`${"a".repeat(152)}\r\n${"b".repeat(152)}`)).toEqual([
      `${"a".repeat(152)}\r`,
      `\n${"b".repeat(152)}`,
    ]);
  });

  it("P33 cuts a grapheme that is longer than a part", () => {
    const zalgo = `e${"\u0301".repeat(150)}`;
    expect(texts(zalgo).join("")).toBe(zalgo);
    expect(texts(zalgo)).toHaveLength(3);
    const joined = "👩‍".repeat(60);
    for (const part of texts(joined)) expect(part).not.toMatch(/^[\udc00-\udfff]/);
  });

  it("needs no more parts, and cuts no more graphemes, than the best of all ways", () => {
    fc.assert(fc.property(anyText, expectLeast), { numRuns: 200, ...bounded });
    fc.assert(fc.property(gsmText, expectLeast), { numRuns: 100, ...bounded });
  });
});

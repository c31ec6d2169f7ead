/**
 * Which texts are refused before planning (P41, semantics.md §1).
 */
import { describe, expect, it } from "vitest";
import { checkText } from "../../../src/encoding/validate-text.ts";

describe("checkText", () => {
  it.each([
    ["", ["EMPTY"]],
    ["a".repeat(2_001), ["TOO_LONG"]],
    ["a\ufffdb", ["REPLACEMENT_CHARACTER"]],
    ["a\ud83d", ["LONE_SURROGATE"]],
    ["\ude00a", ["LONE_SURROGATE"]],
    ["\ud83d\ud83d\ude00", ["LONE_SURROGATE"]],
    ["\ud83d\ude00\ude00", ["LONE_SURROGATE"]],
    ["a\u001bb", ["ESCAPE_CHARACTER"]],
    ["a\u0000b", ["CONTROL_CHARACTER"]],
    ["a\u000bb", ["CONTROL_CHARACTER"]],
    ["a\u001fb", ["CONTROL_CHARACTER"]],
  ])("P41 finds in %j %j", (text, faults) => {
    expect(checkText(text)).toEqual(faults);
  });

  it.each(["a", "a".repeat(2_000), "\t\n\f\r", "😀", "\u007f\ufffc\uffff", "€ñж日"])("accepts %j", (text) => {
    expect(checkText(text)).toEqual([]);
  });

  it("finds every kind at once, each once", () => {
    expect(checkText("\u0000\u0001\u001b\ufffd\ud800").toSorted()).toEqual([
      "CONTROL_CHARACTER",
      "ESCAPE_CHARACTER",
      "LONE_SURROGATE",
      "REPLACEMENT_CHARACTER",
    ]);
  });
});

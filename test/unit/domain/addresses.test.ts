import { describe, expect, it } from "vitest";
import { parseE164 } from "../../../src/domain/phone-number.ts";
import { parseSender } from "../../../src/domain/sender.ts";

describe("a recipient", () => {
  it.each(["+4670123", "+31612345678", "+123456789012345"])("%s is in E.164 form", (value) => {
    expect(parseE164(value)).toBe(value);
  });

  it.each([
    "",
    "+",
    "4670123",
    "+0701234567",
    "+467012",
    "+1234567890123456",
    "+46 70 123 45",
    "+4670123\n",
    "+४६७०१२३४५",
  ])("%j is not in E.164 form", (value) => expect(parseE164(value)).toBeUndefined());
});

describe("a sender", () => {
  it.each([
    ["1", "1"],
    ["72001", "72001"],
    ["+46701234567", "46701234567"],
    ["123456789012345", "123456789012345"],
  ])("%s is numeric", (value, address) => expect(parseSender(value)).toEqual({ kind: "NUMERIC", address }));

  it.each(["A", "Signicat", "Bank 24", "4ever", "ABCDEFGHIJK", "1234567890A"])(
    "%s is alphanumeric",
    (value) => expect(parseSender(value)).toEqual({ kind: "ALPHANUMERIC", address: value }),
  );

  it.each([
    "",
    " ",
    "+",
    " Bank",
    "Bank ",
    "ABCDEFGHIJKL",
    "1234567890123456",
    "Bank-24",
    "Bänk",
    "1 2",
    "+46A",
  ])("%j is neither", (value) => expect(parseSender(value)).toBeUndefined());
});

import { expect, it } from "vitest";
import { createCursors } from "../../../src/app/cursors.ts";
import { toAccountId } from "../../../src/domain/ids.ts";

const shop = toAccountId("shop");
const other = toAccountId("other");
const first = createCursors({ id: "first", former: [] });
/** A copy of the first line, made when the shop had 19 reports and the other account none. */
const second = createCursors({
  id: "second",
  former: [{ id: "first", lastOf: (account) => (account === shop ? 19 : 0) }],
});

const refusal = (words: RegExp) =>
  expect.objectContaining({
    code: "INVALID_CURSOR",
    details: { violations: [expect.objectContaining({ description: expect.stringMatching(words) })] },
  });

it("takes a cursor of the line before the copy up to the last report that both have", () => {
  expect(second.numberIn(shop, first.cursorAfter(shop, 19))).toBe(19);
  expect(second.numberIn(other, first.cursorAfter(other, 0))).toBe(0);
  expect(second.numberIn(shop, second.cursorAfter(shop, 28))).toBe(28);
});

it("P44 refuses a cursor behind the copy and says that the store was restored", () => {
  const late = first.cursorAfter(shop, 20);
  expect(() => second.numberIn(shop, late)).toThrow(refusal(/restored/));
  expect(() => second.numberIn(other, first.cursorAfter(other, 1))).toThrow(refusal(/restored/));
});

it("does not take the cursors of a line that it never was", () => {
  expect(() => first.numberIn(shop, second.cursorAfter(shop, 5))).toThrow(refusal(/foreign/));
  expect(() => second.numberIn(other, first.cursorAfter(shop, 5))).toThrow(refusal(/foreign/));
});

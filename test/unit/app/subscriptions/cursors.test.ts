import { expect, it } from "vitest";
import { createCursors } from "../../../../src/app/subscriptions/cursors.ts";
import { toAccountId } from "../../../../src/domain/ids.ts";
import type { ReportLine } from "../../../../src/store/reports.ts";

const shop = toAccountId("shop");
const other = toAccountId("other");
const firstLine: ReportLine = { id: "first", former: [] };
const first = createCursors(() => firstLine);
/** A copy of the first line, made when the shop had 19 reports and the other account none. */
const secondLine: ReportLine = {
  id: "second",
  former: [{ id: "first", lastOf: (account) => (account === shop ? 19 : 0) }],
};
const second = createCursors(() => secondLine);

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

it("goes on with the line that takes over from its own, from a report that both have", () => {
  let line = firstLine;
  const cursors = createCursors(() => line);
  const [shared, lost] = [cursors.cursorAfter(shop, 19), cursors.cursorAfter(shop, 20)];
  line = secondLine;
  expect(cursors.numberIn(shop, shared)).toBe(19);
  expect(() => cursors.numberIn(shop, lost)).toThrow(refusal(/restored/));
  cursors.carryOver(shop, firstLine, 19);
  expect(() => cursors.carryOver(shop, firstLine, 20)).toThrow(refusal(/restored/));
  expect(cursors.cursorAfter(shop, 21)).not.toBe(first.cursorAfter(shop, 21));
  expect(second.numberIn(shop, cursors.cursorAfter(shop, 21))).toBe(21);
});

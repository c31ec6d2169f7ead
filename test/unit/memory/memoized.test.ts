import { expect, test } from "vitest";
import { memoized } from "../../../src/memory/memoized.ts";

test("what was computed is kept, and begun anew where there would be too many", () => {
  const asked: string[] = [];
  const lengthOf = memoized(2, (text) => {
    asked.push(text);
    return text.length;
  });
  expect([lengthOf("a"), lengthOf("bb"), lengthOf("a"), lengthOf("bb")]).toEqual([1, 2, 1, 2]);
  expect(asked).toEqual(["a", "bb"]);
  expect([lengthOf("ccc"), lengthOf("a"), lengthOf("ccc")]).toEqual([3, 1, 3]);
  expect(asked).toEqual(["a", "bb", "ccc", "a"]);
});

test("false is an answer like any other", () => {
  let count = 0;
  const isLong = memoized(2, () => {
    count += 1;
    return false;
  });
  expect([isLong("a"), isLong("a")]).toEqual([false, false]);
  expect(count).toBe(1);
});

import { expect, it } from "vitest";
import { LateParts } from "../../../src/gateways/late-parts.ts";

it("P49 remembers 10,000 parts that may be answered late, and counts the oldest that it forgets", () => {
  let forgotten = 0;
  const parts = new LateParts<number>(() => {
    forgotten += 1;
  });
  for (let key = 0; key < 10_002; key++) parts.add(key, { number: key, late: { onAnswer: () => {} } });
  expect(forgotten).toBe(2);
  expect(parts.take(1)).toBeUndefined();
  expect(parts.take(2)?.number).toBe(2);
  expect(parts.take(2)).toBeUndefined();
});

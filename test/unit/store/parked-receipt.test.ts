import { expect, it } from "vitest";
import { pairOf } from "../../../src/store/parked-receipt.ts";
import { buildReceipt } from "../../support/store-builders.ts";

it("P53 pairOf ties the two rows of one receipt together, and no other receipt that came at once under the same ids", () => {
  const otherId = { smscMessageId: "1007", matchKey: "1007" };
  const first = buildReceipt("77", { otherId, raw: Buffer.from("part 1") });
  const second = buildReceipt("77", { otherId, raw: Buffer.from("part 2") });
  expect(pairOf(first)).toBe(pairOf({ ...first }));
  expect(pairOf(first)).not.toBe(pairOf(second));
  expect(pairOf(buildReceipt("77"))).toBeNull();
});

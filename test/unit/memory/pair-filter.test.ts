import { describe, expect, it } from "vitest";
import { PairFilter, seedOf } from "../../../src/memory/pair-filter.ts";

const shop = seedOf("shop");
const bank = seedOf("bank");
const numberOf = (index: number) => 46_700_000_000 + index * 7;

describe("a filter of pairs", () => {
  it("knows all that was put in, beyond its first part too, and takes few others for it", () => {
    const filter = new PairFilter();
    const count = 300_000;
    for (let index = 0; index < count; index++) filter.add(shop, numberOf(index));
    let missing = 0;
    let ofOthers = 0;
    for (let index = 0; index < count; index++) {
      if (!filter.mayHave(shop, numberOf(index))) missing += 1;
      if (filter.mayHave(bank, numberOf(index))) ofOthers += 1;
    }
    expect(missing).toBe(0);
    expect(ofOthers).toBeLessThan(count / 200);
  });

  it("has nothing at first, and tells numbers apart that differ in their highest digits alone", () => {
    const filter = new PairFilter();
    expect(filter.mayHave(shop, numberOf(0))).toBe(false);
    filter.add(shop, 999_999_999_999_999);
    expect(filter.mayHave(shop, 999_999_999_999_999)).toBe(true);
    expect(filter.mayHave(shop, 999_999_999_999_999 - 2 ** 48)).toBe(false);
    expect(filter.mayHave(shop, 999_999_999_999_999 - 2 ** 32)).toBe(false);
  });
});

import { describe, expect, it } from "vitest";
import { createRemembered } from "../../../src/memory/remembered.ts";

describe("createRemembered", () => {
  it("keeps each value until its time, and the newest of too many", () => {
    const values = createRemembered<number>(2);
    values.set("a", 1, 100);
    values.set("b", 2, 100);
    expect([values.get("a", 99), values.get("a", 100)]).toEqual([1, undefined]);
    values.set("a", 3, 100);
    values.set("c", 4, 100);
    expect([values.get("a", 0), values.get("b", 0), values.get("c", 0)]).toEqual([3, undefined, 4]);
  });
});

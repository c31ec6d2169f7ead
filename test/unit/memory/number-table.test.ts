import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NumberTable } from "../../../src/memory/number-table.ts";

const key = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 0x7fffffff }));
const step = fc.record({ what: fc.constantFrom("set", "set", "delete", "clear"), key });

describe("NumberTable", () => {
  it("holds what a Map would hold, whatever is put in and taken out", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 1_000 }), (steps) => {
        const table = new NumberTable<{ readonly at: number }>();
        const map = new Map<number, { readonly at: number }>();
        for (const [at, { what, key }] of steps.entries()) {
          if (what === "set") {
            table.set(key, { at });
            map.set(key, { at });
          } else if (what === "delete") expect(table.delete(key)).toBe(map.delete(key));
          else if (at % 50 === 0) {
            table.clear();
            map.clear();
          }
          expect(table.size).toBe(map.size);
        }
        for (const { key } of steps) {
          expect(table.get(key)).toEqual(map.get(key));
          expect(table.has(key)).toBe(map.has(key));
        }
        expect(new Set(table.values())).toEqual(new Set(map.values()));
      }),
    );
  });

  it("keeps the one that stays while very many pass beside it", () => {
    const table = new NumberTable<{ readonly number: number }>();
    table.set(2, { number: 2 });
    for (let number = 3; number < 400_000; number += 2) {
      table.set(number, { number });
      table.delete(number - 20);
    }
    expect(table.size).toBe(11);
    expect(table.get(2)?.number).toBe(2);
    expect([...table.values()]).toHaveLength(11);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RequestRing } from "../../../src/smpp/request-ring.ts";

describe("a ring of requests", () => {
  it("behaves like a map of sequence numbers, whatever is put in and taken out", () => {
    const number = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 0x7fffffff }));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), number), { maxLength: 400 }), (steps) => {
        const ring = new RequestRing<{ readonly sequence_number: number }>();
        const map = new Map<number, { readonly sequence_number: number }>();
        for (const [isPut, sequence_number] of steps) {
          if (isPut && !map.has(sequence_number)) {
            const request = { sequence_number };
            ring.put(request);
            map.set(sequence_number, request);
          } else if (!isPut) {
            ring.remove(sequence_number);
            map.delete(sequence_number);
          }
          expect(ring.get(sequence_number)).toBe(map.get(sequence_number));
        }
        expect(new Set(ring.all())).toEqual(new Set(map.values()));
      }),
    );
  });

  it("says which numbers find an empty cell, and takes others all the same", () => {
    const ring = new RequestRing<{ readonly sequence_number: number }>();
    ring.put({ sequence_number: 1 });
    expect(ring.isFree(1 + 64)).toBe(false);
    ring.put({ sequence_number: 1 + 64 });
    expect(ring.get(1)?.sequence_number).toBe(1);
    expect(ring.get(65)?.sequence_number).toBe(65);
  });
});

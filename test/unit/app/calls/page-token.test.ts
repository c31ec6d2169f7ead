import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pageOf } from "../../../../src/app/calls/page-token.ts";
import { createTokenSealer } from "../../../../src/app/calls/sealed-token.ts";

describe("sealed tokens", () => {
  const sealer = createTokenSealer("store");

  it("open for the same purpose and store only", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string(), fc.string(), (value, purpose, other) => {
        const token = sealer.seal(purpose, value);
        expect(sealer.open(purpose, token)).toBe(value);
        expect(createTokenSealer("another store").open(purpose, token)).toBeUndefined();
        if (other !== purpose) expect(sealer.open(other, token)).toBeUndefined();
      }),
    );
  });

  it("refuse anything else without throwing", () => {
    fc.assert(
      fc.property(fc.string(), (token) => {
        expect(sealer.open("p", token)).toBeUndefined();
      }),
    );
    const token = sealer.seal("p", "12345");
    for (let at = 0; at < token.length; at++) {
      const changed = token[at] === "A" ? "B" : "A";
      expect(sealer.open("p", token.slice(0, at) + changed + token.slice(at + 1))).toBeUndefined();
    }
  });
});

describe("pageOf", () => {
  it("shows every entry once and in order, whatever the page size", () => {
    const sealer = createTokenSealer("store");
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string({ minLength: 1 })),
        fc.integer({ min: 1, max: 7 }),
        (names, pageSize) => {
          const all = names.sort((a, b) => (a < b ? -1 : 1));
          const seen: string[] = [];
          let pageToken = "";
          do {
            const page = pageOf(sealer, "names", { pageSize, pageToken }, all, (name) => name);
            seen.push(...page.entries);
            pageToken = page.nextPageToken ?? "";
          } while (pageToken !== "");
          expect(seen).toEqual(all);
        },
      ),
    );
  });
});

/**
 * The national shift tables against a second source: the tables that handsets carry.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { decodeSeptets, encodeSeptets } from "../../../src/encoding/gsm7.ts";
import { HOLE } from "../../../src/encoding/gsm7-alphabet.ts";
import type { NationalLanguage } from "../../../src/encoding/message-plan.ts";
import { LOCKING_SHIFT_TABLES } from "../../../src/encoding/national/locking-shift-tables.ts";
import { SINGLE_SHIFT_TABLES } from "../../../src/encoding/national/single-shift-tables.ts";
import { septetTable } from "../../../src/encoding/septet-table.ts";
import { charactersOf, languages } from "./encoding-arbitraries.ts";

interface TableVectors {
  readonly languages: readonly {
    readonly language: NationalLanguage;
    readonly name: string;
    readonly locking: string | null;
    readonly single: string;
  }[];
}

const vectors: TableVectors = JSON.parse(
  readFileSync(new URL("../../vectors/national-tables.json", import.meta.url), "utf8"),
);

/** The vectors' form: a space for a hole, and decomposed. */
function asVector(table: string | undefined): string | undefined {
  return table?.replaceAll(HOLE, " ").normalize("NFD");
}

describe("national shift tables", () => {
  it("cover the thirteen languages, Spanish without a locking table", () => {
    expect(Object.keys(SINGLE_SHIFT_TABLES).map(Number)).toEqual(languages);
    expect(Object.keys(LOCKING_SHIFT_TABLES).map(Number)).toEqual(
      languages.filter((language) => language !== 2),
    );
    for (const table of [...Object.values(SINGLE_SHIFT_TABLES), ...Object.values(LOCKING_SHIFT_TABLES)]) {
      expect(table).toHaveLength(128);
      expect(table[0x1b]).toBe(HOLE);
    }
  });

  it.each(vectors.languages)("hold for $name what handsets hold", ({ language, locking, single }) => {
    expect(asVector(LOCKING_SHIFT_TABLES[language])).toBe(locking ?? undefined);
    expect(asVector(SINGLE_SHIFT_TABLES[language])).toBe(single);
  });

  // Decomposed text may reorder neighbouring marks and splits composed letters, so these codes are checked one by one.
  it.each([
    [13, "locking", 0x5c, "064d 0650 064f 0657"],
    [13, "locking", 0x7b, "0655 0651 0653 0656 0670"],
    [13, "single", 0x2c, "0610 0611 0612"],
    [6, "single", 0x26, "0951 0952"],
    [6, "single", 0x2a, "0953 0954 0958 0959 095a"],
    [6, "single", 0x30, "095b 095c 095d 095e 095f 0960 0961 0962 0963 0970 0971"],
    [4, "locking", 0x7b, "09d7 09dc 09dd 09f0 09f1"],
    [4, "single", 0x24, "09df 09e0 09e1 09e2"],
    [9, "single", 0x26, "0b5c 0b5d"],
    [9, "single", 0x2a, "0b5f 0b70 0b71"],
    [10, "locking", 0x46, "0a32 0a33"],
    [10, "locking", 0x49, "0a35 0a36"],
    [10, "single", 0x26, "0a59 0a5a"],
    [10, "single", 0x2a, "0a5b 0a5c 0a5e 0a75"],
  ] as const)("have for language %i, %s table, from code %i: %s", (language, kind, code, points) => {
    const table = (kind === "locking" ? LOCKING_SHIFT_TABLES : SINGLE_SHIFT_TABLES)[language] ?? "";
    const expected = points.split(" ").map((point) => String.fromCharCode(Number.parseInt(point, 16)));
    expect(table.slice(code, code + expected.length)).toBe(expected.join(""));
  });

  it.each(languages)("read back every character of language %i through each pair of tables", (language) => {
    const pairs = [
      [undefined, language],
      [LOCKING_SHIFT_TABLES[language] === undefined ? undefined : language, undefined],
      [LOCKING_SHIFT_TABLES[language] === undefined ? undefined : language, language],
    ] as const;
    for (const [lockingShift, singleShift] of pairs) {
      const table = septetTable(lockingShift, singleShift);
      const text = charactersOf(table.main + table.extension).join("");
      expect(decodeSeptets(encodeSeptets(text, table) ?? new Uint8Array(0), table)).toBe(text);
    }
  });

  it("encode a character of the locking table as one septet, of the single shift table as two", () => {
    const table = septetTable(1, 1);
    expect(encodeSeptets("ğ", table)).toEqual(Uint8Array.of(0x0c));
    expect(encodeSeptets("ğ", septetTable(undefined, 1))).toEqual(Uint8Array.of(0x1b, 0x67));
  });
});

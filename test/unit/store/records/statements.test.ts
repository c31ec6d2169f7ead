import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { copiedTables, leftOutTables } from "../../../../src/store/copied-tables.ts";
import { coldTables } from "../../../../src/store/migrations/list.ts";
import { sql, statements } from "../../../../src/store/records/sql.ts";
import { kindsOf, recordReads, recordWrites } from "../../../../src/store/records/steps.ts";

/** Signing keys are cold, and in no copy. */
const cold = new Set([...coldTables.map(({ table }) => table), "signing_keys"]);

/** Every table of either store that is not cold; test/fault/postgres/copy.test.ts holds the two lists to both schemas. */
const hot = [...copiedTables.map(({ table }) => table), ...Object.keys(leftOutTables)].filter(
  (table) => !cold.has(table),
);

/** What may be asked of a hot table, one row by its key, and why. */
const allowed: Readonly<Record<string, string>> = {
  find_last_report: "Acknowledging goes no further than the last report, of one commit.",
  raise_min_reader: "What older programs would ignore, and that none starts any more, is one commit.",
};

/** Parts of other steps. */
const inner = new Set([
  "makeAccount",
  "requireReaders",
  "knownAccount",
  "lockActs",
  "countAccepted",
  "takeOptOut",
  "countOf",
  "countKnown",
]);

function hotTablesIn(text: string): readonly string[] {
  return hot.filter((table) => new RegExp(`\\b${table}\\b`).test(text));
}

describe("statements of cold data", () => {
  it("name no hot table", () => {
    expect(hot.length).toBeGreaterThan(15);
    const found = [...statements.values()].filter(({ text }) => hotTablesIn(text).length > 0);
    expect(found.map(({ name }) => name).toSorted()).toEqual(Object.keys(allowed).toSorted());
    for (const { text } of found)
      expect(text).toMatch(/ WHERE (account_id = \$1|key = 'min_reader' AND .*)$/);
    expect(hotTablesIn("UPDATE deliveries SET state = $1")).toEqual(["deliveries"]);
  });

  it("meet a conflict by ON CONFLICT, so that none throws", () => {
    const inserts = [...statements.values()].filter(({ text }) => /^(WITH .*)?INSERT/s.test(text));
    expect(inserts.length).toBeGreaterThan(3);
    expect(inserts.filter(({ text }) => !/ON CONFLICT \([a-z_, ]+\) DO /.test(text))).toEqual([]);
  });

  it("are called by one name each, and number their parameters without a gap", () => {
    expect(() => sql("list_keys", "SELECT 1")).toThrow("two statements are called list_keys");
    for (const { name, text } of statements.values()) {
      const numbers = new Set([...text.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number)));
      expect(Math.max(0, ...numbers), name).toBe(numbers.size);
    }
  });
});

describe("the list of steps", () => {
  it("holds every step that a noun's file exports", () => {
    const folder = resolve(import.meta.dirname, "../../../../src/store/records");
    const listed = new Set<string>(kindsOf({ ...recordReads, ...recordWrites }));
    const parts = new Set(["sql.ts", "steps.ts", "facade.ts"]);
    const nouns = readdirSync(folder).filter((file) => !parts.has(file));
    const exported = nouns.flatMap((file) =>
      [...readFileSync(join(folder, file), "utf8").matchAll(/^export function\* (\w+)/gm)].map(
        ([, name]) => name ?? "",
      ),
    );
    expect(exported.toSorted()).toEqual([...listed, ...inner].toSorted());
  });
});

/**
 * Each bug that users of other gateways met (P1 to P62) has a test that bears its number. Those about SMPP have one that goes over TCP
 * to the product; tests of the simulator alone do not count.
 */
import { globSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";

const folder = resolve(import.meta.dirname, "..");

/** Pitfalls whose feature the product does not have, with the reason. */
const absent: ReadonlyMap<number, string> = new Map([
  [43, "there are no webhooks yet"],
  [45, "nothing is charged yet"],
  [46, "there are no caps by recipient, prefix and country yet"],
  [47, "there are no balances yet"],
]);

const numbers = Array.from({ length: 62 }, (_, index) => index + 1);
/** About what happens between us and an SMSC. */
const isAboutSmpp = (number: number) => number <= 26 || [34, 35, 37].includes(number);

const overTcp = ["e2e/pitfalls/", "e2e/dispatch/", "interop/", "contract/gateway/"];

/** Numbers at the beginning of the titles in a test file: `"P12 P18 calls what …"`. */
function numbersIn(text: string): ReadonlySet<number> {
  const titles = text.matchAll(/["`]((?:P\d+ )+)[^"`\n]{8,}["`]/g);
  return new Set([...titles].flatMap(([, named = ""]) => (named.match(/\d+/g) ?? []).map(Number)));
}

const files = globSync("**/*.ts", { cwd: folder }).filter((file) => !file.startsWith("unit/pitfalls"));
const numbersByFile = new Map(
  files.map((file) => [file, numbersIn(readFileSync(resolve(folder, file), "utf8"))]),
);
const filesWith = (number: number, begins: readonly string[]) =>
  files.filter(
    (file) => begins.some((begin) => file.startsWith(begin)) && numbersByFile.get(file)?.has(number) === true,
  );

describe("every pitfall", () => {
  it.each(numbers.filter((number) => !absent.has(number)))(
    "P%i bears its number in the title of a test",
    (number) => {
      expect(filesWith(number, [""])).not.toEqual([]);
    },
  );

  it.each(numbers.filter(isAboutSmpp))("P%i, being about SMPP, is tested over TCP", (number) => {
    expect(filesWith(number, overTcp)).not.toEqual([]);
  });

  it("is still absent where it is said to be", () => {
    for (const number of absent.keys()) expect(filesWith(number, [""])).toEqual([]);
  });

  it("is found in titles only", () => {
    const text =
      'it("P5 P7 reads what a subscriber wrote", …); // P6 in a comment\nit("is no title of P8", …);';
    expect([...numbersIn(text)]).toEqual([5, 7]);
  });
});

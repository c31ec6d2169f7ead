import fc from "fast-check";
import { expect, it } from "vitest";
import { parseReceiptText, type ReceiptFields } from "../../../src/smpp/receipt-text.ts";

const NAME = /(?:^|[\s;,|])(id|sub|dlvrd|submit[ _]?date|done[ _]?date|stat|err|text)[ \t]*:/gi;

/** The names, their values and the order among them as a regular expression finds them: slow, and plainly right. */
function parseByPattern(text: string): Partial<ReceiptFields> {
  const marks = [...text.matchAll(NAME)];
  const found = marks.map((mark, index) => {
    const name = (mark[1] ?? "").toLowerCase().replace(/[ _]?date/, "Date");
    const value = text.slice(mark.index + mark[0].length, marks[index + 1]?.index).trim();
    const isFree = name === "text" || name.endsWith("Date");
    return [name, isFree ? value : value.split(/[\s;,|]/, 1)[0]] as const;
  });
  const textAt = found.findIndex(([name]) => name === "text");
  const before = textAt < 0 ? found : found.slice(0, textAt + 1);
  const after = textAt < 0 ? [] : found.slice(textAt + 1).filter(([name]) => name !== "text");
  return Object.fromEntries([...after, ...before.reverse()]);
}

const pieces = [
  ..."id sub dlvrd stat STAT err text Text date submitdate donedate DONE_DATE".split(" "),
  ..."DELIVRD 2611261430 1234 x é _ ; , |".split(" "),
  ...["submit date", "Submit Date", "done date", "submit  date", "done-date"],
  ...[":", ":", ":", " :", "\t:", " ", " ", "  ", "\n", "\u00a0", "\u2028", "\ufeff"],
];

it("finds the fields that a regular expression finds", () => {
  const texts = fc.array(fc.constantFrom(...pieces), { maxLength: 16 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(texts, (text) => {
      const { ...read } = parseReceiptText(text);
      const known = Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined));
      expect(known).toEqual(parseByPattern(text));
    }),
    { numRuns: 20_000 },
  );
});

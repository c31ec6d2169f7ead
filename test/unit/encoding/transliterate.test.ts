/**
 * Opt-in transliteration: what changes into what, and that it is all or nothing.
 */
import { createRequire } from "node:module";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countSeptets } from "../../../src/encoding/gsm7.ts";
import { LOOKALIKES } from "../../../src/encoding/lookalikes.ts";
import { defaultTable, tableOfDataCodingZero } from "../../../src/encoding/septet-table.ts";
import { transliterate } from "../../../src/encoding/transliterate.ts";
import { anyText } from "./encoding-arbitraries.ts";

function result(text: string): string | undefined {
  return transliterate(text, defaultTable)?.text;
}

/** Where a public table says otherwise, and why ours differs. */
const ownWay: readonly (readonly [what: RegExp, why: string])[] = [
  [/^\p{M}$/u, "a mark belongs to its letter, and falls away with it"],
  [/^(?![\u0080-\u009f])\p{Cc}$/u, "controls are refused at the door, and TAB stays what it is"],
  [/^[\u0080-\u009f]$/, "Windows' characters read as Latin-1 become what they were, and the others nothing"],
  [/^\p{Z}$/u, "one space is one space"],
  [/^÷$/, "a colon divides, and a slash may be part of a name"],
  [/^[•‚︐]$/u, "a bullet is a star, a low quote a quote, a comma a comma"],
];

describe("transliterate", () => {
  it("covers the table of replacements that sms-segments-calculator has", () => {
    const table = createRequire(import.meta.url)("sms-segments-calculator/dist/libs/SmartEncodingMap.js") as {
      readonly default: Readonly<Record<string, string>>;
    };
    const pairs = Object.entries(table.default);
    expect(pairs).toHaveLength(271);
    const missing = pairs.filter(
      ([from, to]) => result(`a${from}b`) !== `a${to}b` && !ownWay.some(([what]) => what.test(from)),
    );
    expect(missing).toEqual([]);
  });

  it("lets every character without a width vanish, and makes every space and dash a plain one", () => {
    const wrong: string[] = [];
    for (let code = 0x80; code < 0x1_0000; code += 1) {
      if (code >= 0xd800 && code < 0xe000) continue;
      const character = String.fromCodePoint(code);
      const to = /\p{Default_Ignorable_Code_Point}/u.test(character)
        ? ""
        : /\p{Z}/u.test(character)
          ? " "
          : /\p{Pd}/u.test(character)
            ? "-"
            : undefined;
      if (to !== undefined && result(`a${character}b`) !== `a${to}b`) wrong.push(`U+${code.toString(16)}`);
    }
    expect(wrong).toEqual([]);
  });

  it.each([
    ["“quoted” and ‘single’", "\"quoted\" and 'single'"],
    ["a – b — c… d", "a - b - c... d"],
    ["Dvořák, Łódź, Đorđe, Œuvre, Þór", "Dvorak, Lodz, Dorde, OEuvre, Thor"],
    ["caf\u0065\u0301", "café"],
    ["½ ™ № ﬁ ②", "1/2 TM No fi 2"],
    ["Неllo", "Hello"],
    ["Καλημέρα", "KAΛHMEPA"],
    ["non\u00a0breaking\u200b", "non breaking"],
    ["İstanbul'da ıç", "Istanbul'da ic"],
    ["\u200e+46 70\u202c \u2066x\u2069\u200f\u202a", "+46 70 x"],
    ["a\u0092b \u0096 \u0093c\u0094 \u0080\u007f\u009f\u0085", 'a\'b - "c" €Y...'],
    ["❝a❞ ʺb ʻc ⁃ ∗ 、", '"a" "b \'c - * ,'],
    ["1½ kg, 10² m²", "1 1/2 kg, 10^2 m2"],
    ["a\u2028b\u3000c\u1680d", "a b c d"],
    ["⸺⸗〰", "---"],
    ["1\ufe0f\u20e3 b\ufe0e", "1 b"],
  ])("changes %j into %j", (from, to) => {
    expect(result(from)).toBe(to);
  });

  it.each([
    "Привет",
    "日本語",
    "😀",
    "a\tb",
    "ok 😀",
    "\u200b",
    "a≠b",
    "a≮b",
    "¨",
    "👨‍👩‍👧 a",
    "❤\ufe0f",
    "٣",
  ])("leaves %j alone", (text) => {
    expect(result(text)).toBeUndefined();
  });

  it("keeps what the alphabet has, and goes further where the gateway's alphabet has less", () => {
    expect(result("é€Ç")).toBe("é€Ç");
    expect(transliterate("éà [x]", tableOfDataCodingZero("ascii"))?.text).toBe("ea [x]");
  });

  it("replaces by characters of the alphabet only", () => {
    for (const to of LOOKALIKES.values()) expect(countSeptets(to, defaultTable)).toBeGreaterThanOrEqual(0);
  });

  it("reports substitutions that make the result out of the original", () => {
    const accents = fc.array(fc.constantFrom(..."aeÄřž“”–…Łαβπ€[é ", "e\u0301", "ﬁ", "½"), { minLength: 1 });
    const texts = fc.oneof(
      anyText,
      accents.map((pieces) => pieces.join("")),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const done = transliterate(text, defaultTable);
        if (done === undefined) return;
        let rebuilt = "";
        let offset = 0;
        for (const { from, to, offset: at } of done.substitutions) {
          expect(text.slice(at, at + from.length)).toBe(from);
          rebuilt += text.slice(offset, at) + to;
          offset = at + from.length;
        }
        expect(rebuilt + text.slice(offset)).toBe(done.text);
        expect(countSeptets(done.text, defaultTable)).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 300 },
    );
  });
});

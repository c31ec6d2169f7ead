/**
 * Opt-in transliteration: what changes into what, and that it is all or nothing.
 */
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

describe("transliterate", () => {
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
  ])("changes %j into %j", (from, to) => {
    expect(result(from)).toBe(to);
  });

  it.each(["Привет", "日本語", "😀", "a\tb", "ok 😀", "\u200b"])("leaves %j alone", (text) => {
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

import { describe, expect, it } from "vitest";
import type { CliContext } from "../../../src/cli/context.ts";
import { factsText, jsonLine, tableText, visibleContext } from "../../../src/cli/output/output.ts";
import { systemClock } from "../../../src/observability/clock.ts";
import { createLogger } from "../../../src/observability/logger.ts";
import { visibleText, visibleValue } from "../../../src/observability/visible-text.ts";

const controls = [
  ...Array.from({ length: 0x20 }, (_, code) => code).filter((code) => code !== 0x09 && code !== 0x0a),
  ...Array.from({ length: 0x21 }, (_, index) => 0x7f + index),
  ...[0x061c, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e],
  ...[0x2066, 0x2067, 0x2068, 0x2069, 0xd800, 0xdbff, 0xdc00, 0xdfff],
];
const attack = "\u001b]52;c;cm0gLXJmIH4=\u0007\u001b[1A\u009b2J\u202eabc\ud800";

describe("texts of others on a terminal", () => {
  it("show every control as its code, alone and within a word, and stay as they are otherwise", () => {
    for (const code of controls) {
      const shown = visibleText(`a${String.fromCharCode(code)}b`);
      expect(shown).toBe(`a\\u${code.toString(16).padStart(4, "0")}b`);
      expect(visibleText(shown)).toBe(shown);
    }
    const plain = "Grüße, 你好 😀 \u200d\u{1F468}\u200d\u{1F469}\tand\nso on";
    expect(visibleText(plain)).toBe(plain);
    expect(visibleValue("one\ntwo\tthree")).toBe("one\\ntwo\\tthree");
  });

  it("are so in tables, whose columns keep their width, in facts, and in whatever a command writes", () => {
    const [head, first, second] = tableText(
      ["id", "state"],
      [
        [attack, "SENT"],
        ["1\n2", "SENT"],
      ],
    ).split("\n");
    expect(first?.indexOf("SENT")).toBe(head?.indexOf("STATE"));
    expect(second?.indexOf("SENT")).toBe(head?.indexOf("STATE"));
    const written: string[] = [];
    const write = (line: string) => void written.push(line);
    const context = visibleContext({ out: write, err: write, progress: write } as unknown as CliContext);
    context.out(factsText([["id", attack]]));
    context.err(attack);
    context.progress?.(attack);
    for (const line of [...written, first ?? ""]) expect(line).not.toMatch(/[\p{Cc}\p{Cs}\u202e]/u);
    expect(written).toHaveLength(3);
  });

  it("stay exact in JSON, where they are escaped too", () => {
    let line = "";
    const context = visibleContext({ out: (text: string) => void (line = text) } as unknown as CliContext);
    const value = { id: attack, text: `tab\tand\nline${String.fromCharCode(...controls)}` };
    context.out(jsonLine(value));
    expect(JSON.parse(line)).toEqual(value);
    expect(line).not.toMatch(/[\p{Cc}\p{Cs}\u202e\u2028]/u);
  });

  it("are so in the log of a service on a terminal, whose own colours stay", () => {
    let written = "";
    const log = createLogger({
      level: "warn",
      showRecipients: false,
      isTerminal: true,
      clock: systemClock,
      destination: { write: (line: string) => void (written += line) },
    });
    log.warn({ id: attack }, "A receipt came.\u001b[2J");
    expect(written).toContain("\\u001b]52;");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the log's own colours
    expect(written.trimEnd().replaceAll(/\u001b\[\d+m/g, "")).not.toMatch(/[\p{Cc}\p{Cs}\u202e]/u);
  });
});

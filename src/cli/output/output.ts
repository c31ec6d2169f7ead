/** How answers look: tables for people, JSON for programs. */
import Table from "cli-table3";
import { visibleText, visibleValue } from "../../observability/visible-text.ts";
import type { CliContext } from "../context.ts";

const thin = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "  ",
};

/** A table without rules, its header in capitals; cells are text. */
export function tableText(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const table = new Table({
    head: head.map((name) => name.toUpperCase()),
    chars: thin,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
  // Before the widths are counted.
  table.push(...rows.map((row) => row.map(visibleValue)));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

/** A two-column list of facts; absent ones are left out. */
export function factsText(facts: readonly (readonly [name: string, value: string | undefined])[]): string {
  const shown = facts.filter(([, value]) => value !== undefined && value !== "");
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${visibleValue(value ?? "")}`).join("\n");
}

/** Filters all that a command writes, so that nothing that came from others controls the terminal. JSON keeps its meaning. */
export function visibleContext(context: CliContext): CliContext {
  const { progress } = context;
  return {
    ...context,
    out: (line) => context.out(visibleText(line)),
    err: (line) => context.err(visibleText(line)),
    progress: progress && ((line) => progress(visibleValue(line))),
  };
}

/** The same for a command with `--json`: each line about the answer is a JSON document, and no bar is drawn between them. */
export function jsonContext(context: CliContext): CliContext {
  return {
    ...context,
    err: (line, facts) => context.err(jsonLine(facts ?? { note: line })),
    progress: undefined,
  };
}

/** One line of JSON; bigints as decimal texts, as in protobuf's JSON. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value, (_name, item: unknown) => (typeof item === "bigint" ? item.toString() : item));
}

/** `DELIVERY_STATE_DELIVERED` → `DELIVERED`; the prefix is the enum's own name. */
export function bareName(enumName: string, prefix: string): string {
  const bare = enumName.startsWith(`${prefix}_`) ? enumName.slice(prefix.length + 1) : enumName;
  return bare === "UNSPECIFIED" ? "" : bare;
}

/** `2026-01-31 08:00:00Z`: UTC to the second, or nothing. */
export function timeText(time: Date | undefined): string {
  return time === undefined ? "" : `${time.toISOString().replace("T", " ").slice(0, 19)}Z`;
}

/** `12345` → `12,345`. */
export function countText(count: number | bigint): string {
  return count.toLocaleString("en-US");
}

/** `1 segment`, `2 segments`; the noun takes an s. */
export function countOf(count: number | bigint, noun: string): string {
  return `${countText(count)} ${noun}${Number(count) === 1 ? "" : "s"}`;
}

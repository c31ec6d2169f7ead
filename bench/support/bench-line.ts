/**
 * The result of one figure as it is printed and kept: its value, what is wanted of it, and how far the rounds lay apart.
 */
import Table from "cli-table3";

export interface BenchLine {
  /** What was measured, with its unit. */
  readonly figure: string;
  readonly value: number;
  /** Undefined where the figure only explains another one. */
  readonly wanted: { readonly atLeast: number } | { readonly atMost: number } | undefined;
  /** Least and greatest of the rounds. */
  readonly range: readonly [least: number, greatest: number];
}

/** Whether a figure is as wanted; true where nothing is wanted. */
export function isReached(line: BenchLine): boolean {
  if (line.wanted === undefined) return true;
  return "atLeast" in line.wanted ? line.value >= line.wanted.atLeast : line.value <= line.wanted.atMost;
}

/** One line for each figure, as a table for people. */
export function benchTable(lines: readonly BenchLine[]): string {
  const table = new Table({
    head: ["figure", "median", "rounds", "wanted", ""],
    colAligns: ["left", "right", "right", "right", "left"],
    style: { head: [], border: [] },
  });
  for (const line of lines) {
    const range = `${format(line.range[0])} to ${format(line.range[1])}`;
    table.push([line.figure, format(line.value), range, wantedText(line), verdictOf(line)]);
  }
  return table.toString();
}

function wantedText(line: BenchLine): string {
  if (line.wanted === undefined) return "";
  return "atLeast" in line.wanted ? `≥ ${format(line.wanted.atLeast)}` : `≤ ${format(line.wanted.atMost)}`;
}

function verdictOf(line: BenchLine): string {
  if (line.wanted === undefined) return "";
  return isReached(line) ? "reached" : "SHORT";
}

function format(value: number): string {
  if (Math.abs(value) >= 1_000) return Math.round(value).toLocaleString("en-US");
  return value.toPrecision(3);
}

/**
 * Runs one benchmark from the command line: as a table for people, or with `--json` as one line for `bench/run.ts`.
 */
import { type BenchLine, benchTable } from "./bench-line.ts";

/** Measures, prints, and ends the process; a figure that is short is printed as such and is no failure. */
export async function runBench(measure: () => Promise<readonly BenchLine[]>): Promise<void> {
  const lines = await measure();
  const text = process.argv.includes("--json") ? JSON.stringify(lines) : benchTable(lines);
  process.stdout.write(`${text}\n`);
}

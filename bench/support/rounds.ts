/**
 * Rounds of a measurement: each round measures every side once, in turn, so that a slow minute of the machine falls on
 * all of them; a ratio is taken within its round and only then the median over the rounds.
 */
import type { BenchLine } from "./bench-line.ts";

/** Rounds of every measurement; odd, so that a median is one of them. */
export const ROUNDS = 5;

/** The results of `count` rounds, after one that warms up and is not counted. */
export async function runRounds<Round>(
  round: (index: number) => Promise<Round> | Round,
  count = ROUNDS,
): Promise<readonly Round[]> {
  await round(-1);
  const results: Round[] = [];
  for (let index = 0; index < count; index++) results.push(await round(index));
  return results;
}

/** The line of a figure that each round has one value of. */
export function lineOf(figure: string, values: readonly number[], wanted?: BenchLine["wanted"]): BenchLine {
  return { figure, value: median(values), wanted, range: [Math.min(...values), Math.max(...values)] };
}

/** The middle value; the mean of the two middle ones where their number is even. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The value below which a share of the values lies, by nearest rank. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

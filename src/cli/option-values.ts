/** Reads the values of options: files that they name, counts, and those that may be repeated. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { InvalidArgumentError } from "commander";
import { parseDuration } from "../config/values.ts";
import { type CliContext, usageFault } from "./context.ts";

/** Its content; a file that cannot be read is a usage fault, which names the option and the reason. */
export function readOptionFile(path: string, option: string, { workingDirectory }: CliContext): Buffer {
  try {
    return readFileSync(resolve(workingDirectory, path));
  } catch (error) {
    throw usageFault(
      `${option}: ${path} cannot be read (${error instanceof Error ? error.message : error}).`,
    );
  }
}

/** Gathers the values of an option that may be repeated. */
export const collectValue = (value: string, all: readonly string[] = []): readonly string[] => [
  ...all,
  value,
];

/** A whole number above zero. */
export function parseCount(value: string): number {
  if (/^[1-9][0-9]{0,8}$/.test(value)) return Number(value);
  throw new InvalidArgumentError("It must be a whole number above zero.");
}

/** A point in time. */
export function parseTime(value: string): Date {
  const time = new Date(value);
  if (Number.isNaN(time.getTime()))
    throw new InvalidArgumentError("It must be a time such as 2026-01-31T08:00:00Z.");
  return time;
}

/** Milliseconds of a duration. */
export function parseSpan(value: string): number {
  const ms = parseDuration(value);
  if (ms === undefined) throw new InvalidArgumentError("It must be a duration such as 10m or 24h.");
  return ms;
}

/** A point in time, or how long from now it is. */
export function parseEnd(value: string): Date {
  const ms = parseDuration(value);
  if (ms !== undefined) return new Date(Date.now() + ms);
  const time = new Date(value);
  if (Number.isNaN(time.getTime()))
    throw new InvalidArgumentError(
      "It must be a duration such as 90d, or a time such as 2027-01-31T08:00:00Z.",
    );
  return time;
}

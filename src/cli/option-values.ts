/** Reads the values of options: files that they name, counts, and those that may be repeated. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { InvalidArgumentError } from "commander";
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

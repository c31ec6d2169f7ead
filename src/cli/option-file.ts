/** Reads the file that an option names. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
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

/** Runs the command line in this process and catches what it prints. */
import { Readable } from "node:stream";
import { runCli } from "../../src/cli/program.ts";
import { systemClock } from "../../src/observability/clock.ts";

export interface CliRun {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

export interface CliSurroundings {
  readonly environment?: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  readonly signal?: AbortSignal;
  /** What is piped into the command; nothing by default. */
  readonly input?: string;
  /** Says when the answer can no longer be written. */
  readonly written?: () => Promise<void>;
  /** Called with each line of the answer as it comes. */
  readonly onLine?: (line: string) => void;
}

/** `sms-relay ...argv` in a folder of its own. */
export async function cli(argv: readonly string[], surroundings: CliSurroundings): Promise<CliRun> {
  const out: string[] = [];
  const err: string[] = [];
  const exitCode = await runCli(
    argv,
    {
      out: (line) => {
        out.push(line);
        surroundings.onLine?.(line);
      },
      written: surroundings.written ?? (() => Promise.resolve()),
      input: () => Readable.from([surroundings.input ?? ""]),
      err: (line) => void err.push(line),
      progress: undefined,
      environment: surroundings.environment ?? {},
      workingDirectory: surroundings.workingDirectory,
      clock: systemClock,
      signal: surroundings.signal ?? new AbortController().signal,
    },
    "0.0.0",
  );
  return { exitCode, out: out.join("\n"), err: err.join("\n") };
}

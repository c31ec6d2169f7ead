/** What a command gets from the outside world, so that tests can stand in for a terminal. */
import type { Readable } from "node:stream";
import type { Environment } from "../config/environment.ts";
import type { Clock } from "../observability/clock.ts";

export interface CliContext {
  /** Writes one line of the answer. */
  readonly out: (line: string) => void;
  /** Resolves once all lines of the answer are written; rejects with a CliFailure where they cannot be. */
  readonly written: () => Promise<void>;
  /** Writes one line about the answer: progress, warnings, faults; programs that read JSON get `facts` instead, or `{"note": line}`. */
  readonly err: (line: string, facts?: Readonly<Record<string, unknown>>) => void;
  /** Rewrites the last line of a terminal; undefined where the output is not a terminal. */
  readonly progress: ((line: string) => void) | undefined;
  /** What is piped into the command. */
  readonly input: () => Readable;
  readonly environment: Environment;
  readonly workingDirectory: string;
  readonly clock: Clock;
  /** Aborted by Ctrl-C or SIGTERM, and when the answer can no longer be written. */
  readonly signal: AbortSignal;
}

/** Exit codes of every command (docs/cli.md). A faulty configuration has that of sysexits.h, on which no supervisor need restart. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, unreachable: 3, config: 78 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Ends a command with a sentence and an exit code. */
export class CliFailure extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, sentence: string, options?: ErrorOptions) {
    super(sentence, options);
    this.name = "CliFailure";
    this.exitCode = exitCode;
  }
}

/** Ends a command that has already said what is wrong. */
export class ToldFailure extends CliFailure {}

/** A fault in how the command was called. */
export const usageFault = (sentence: string) => new CliFailure(exitCodes.usage, sentence);

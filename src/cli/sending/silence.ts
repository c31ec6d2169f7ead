/** Limits the wait for the next answer of a call that has many, and so no deadline as a whole. */
import type { CliContext } from "../context.ts";

export interface Silence {
  /** Aborted when the wait is over, and when the command is ended. */
  readonly signal: AbortSignal;
  /** An answer has come; the wait begins anew. */
  begin(): void;
  /** Whether the wait ended the call. */
  isOver(): boolean;
  end(): void;
}

/** Begins the first wait, which includes connecting. */
export function createSilence(longestMs: number, { clock, signal }: CliContext): Silence {
  const over = new AbortController();
  const wait = () => clock.setTimeout(() => over.abort(), longestMs);
  let timer = wait();
  return {
    signal: AbortSignal.any([signal, over.signal]),
    begin() {
      timer.cancel();
      timer = wait();
    },
    isOver: () => over.signal.aborted,
    end: () => timer.cancel(),
  };
}

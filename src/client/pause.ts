/** Waiting between tries: ever longer, with some randomness, so that many clients do not come back at once. */
import { setTimeout as wait } from "node:timers/promises";

export const shortestPauseMs = 500;
export const longestPauseMs = 10_000;

/** Waits for so long; ends early, without an error, once the signal is aborted. */
export type Pause = (pauseMs: number, signal: AbortSignal) => Promise<void>;

/** The pause after one of so long, 0 for the first; never shorter than what the service asked for. */
export const nextPauseMs = (lastMs: number, retryAfterSeconds = 0): number =>
  Math.max(Math.min(longestPauseMs, Math.max(shortestPauseMs, lastMs * 2)), retryAfterSeconds * 1_000);

/** Up to a quarter longer than asked for. */
export const pauseAtRandom: Pause = (pauseMs, signal) =>
  wait(pauseMs * (1 + Math.random() / 4), undefined, { signal }).catch(() => undefined);

/**
 * The wait before the next connection: exponential, jittered, and short again after a link that worked (P20). What counts is work, not
 * how long a link stood: an SMSC that is back is back. Only where links that work end one after the other does the wait grow (P57).
 */

export interface Backoff {
  /** Milliseconds to wait now, at most `maxMs` in place of the usual; each call counts as one more failure. */
  nextDelayMs(maxMs?: number): number;
  /** A link that was bound and had an answer ended at `nowMs`, by the monotonic clock. */
  worked(nowMs: number): void;
  /** Begins again at the minimum. */
  reset(): void;
}

/** Of links that worked and ended within so long, … */
const crowdMs = 60_000;
/** … this many are a crowd: from the last of them on the wait doubles. */
const crowd = 3;

/** `random` answers 0 (inclusive) to 1 (exclusive); delays lie between half and all of min × 2ⁿ, at most the maximum. */
export function createBackoff(minMs: number, usualMaxMs: number, random: () => number): Backoff {
  let failures = 0;
  let ends: readonly number[] = [];
  return {
    nextDelayMs(maxMs = usualMaxMs) {
      const full = Math.min(maxMs, minMs * 2 ** Math.min(failures, 30));
      failures += 1;
      return full / 2 + (full / 2) * random();
    },
    worked(nowMs) {
      ends = [...ends.filter((endMs) => nowMs - endMs < crowdMs), nowMs].slice(-crowd);
      if (ends.length < crowd) failures = 0;
    },
    reset() {
      failures = 0;
    },
  };
}

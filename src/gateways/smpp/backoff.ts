/** The wait before the next connection: exponential, jittered, and short again after a link that held (P20). */

export interface Backoff {
  /** Milliseconds to wait now; each call counts as one more failure. */
  nextDelayMs(): number;
  /** Tells that a link held for `boundMs`; one that fell at once counts as a failure. */
  held(boundMs: number): void;
}

/** `random` answers 0 (inclusive) to 1 (exclusive); delays lie between half and all of min × 2ⁿ, at most `maxMs`. */
export function createBackoff(minMs: number, maxMs: number, random: () => number): Backoff {
  let failures = 0;
  return {
    nextDelayMs() {
      const full = Math.min(maxMs, minMs * 2 ** Math.min(failures, 30));
      failures += 1;
      return full / 2 + (full / 2) * random();
    },
    held(boundMs) {
      if (boundMs >= Math.min(maxMs, minMs * 2 ** Math.min(failures, 30))) failures = 0;
    },
  };
}

/**
 * Reads of the store for what is not known here and may just have been made elsewhere: each call is answered by a read that begins after
 * it, and they come so far apart, that strangers who make up names cost no more than a few.
 */
import { SmsError } from "../../domain/errors.ts";
import type { Clock } from "../../observability/clock.ts";

export interface FreshReadsDeps {
  readonly read: () => Promise<void>;
  readonly clock: Pick<Clock, "monotonic" | "setTimeout">;
}

/** Ten a second. */
const everyMs = 100;
/** Calls that wait for one. */
const maxWaiting = 1_000;
const retryAfterMs = 1_000;

/** Makes the function that resolves when such a read is through; it refuses with SERVICE_UNAVAILABLE where too many wait. */
export function createFreshReads({ read, clock }: FreshReadsDeps): () => Promise<void> {
  let beganMs = Number.NEGATIVE_INFINITY;
  let next: Promise<void> | undefined;
  let waiting = 0;

  function pause(forMs: number): Promise<void> {
    if (forMs <= 0) return Promise.resolve();
    return new Promise((resolve) => void clock.setTimeout(resolve, forMs));
  }

  return () => {
    if (waiting >= maxWaiting)
      return Promise.reject(
        new SmsError("SERVICE_UNAVAILABLE", "Too many calls wait for the store.", { retryAfterMs }),
      );
    waiting += 1;
    // Joins the one that is about to begin.
    next ??= pause(beganMs + everyMs - clock.monotonic()).then(() => {
      next = undefined;
      beganMs = clock.monotonic();
      return read();
    });
    return next.finally(() => {
      waiting -= 1;
    });
  };
}

/**
 * Reads of the store for what is not known here and may just have been made elsewhere: each call is answered by a read that begins after
 * it and takes all that wait for it together. They come one after the other and so far apart, that strangers who make up names cost no
 * more than a few. Calls that wait are as many as connections may have open.
 */
import type { Clock } from "../../observability/clock.ts";

export interface FreshReadsDeps<Id, Found> {
  readonly read: (ids: ReadonlySet<Id>) => Promise<Found>;
  readonly clock: Pick<Clock, "monotonic" | "setTimeout">;
}

/** Ten a second. */
const everyMs = 100;

/** Makes the function that answers what such a read found. */
export function createFreshReads<Id, Found>({
  read,
  clock,
}: FreshReadsDeps<Id, Found>): (id: Id) => Promise<Found> {
  let beganMs = Number.NEGATIVE_INFINITY;
  let ended: Promise<unknown> = Promise.resolve();
  let next: { readonly ids: Set<Id>; readonly found: Promise<Found> } | undefined;

  function pause(forMs: number): Promise<void> {
    if (forMs <= 0) return Promise.resolve();
    return new Promise((resolve) => void clock.setTimeout(resolve, forMs));
  }

  async function begin(ids: ReadonlySet<Id>): Promise<Found> {
    await ended;
    await pause(beganMs + everyMs - clock.monotonic());
    next = undefined;
    beganMs = clock.monotonic();
    const found = read(ids);
    ended = found.catch(() => undefined);
    return found;
  }

  return (id) => {
    if (next === undefined) {
      const ids = new Set<Id>();
      next = { ids, found: begin(ids) };
    }
    next.ids.add(id);
    return next.found;
  };
}

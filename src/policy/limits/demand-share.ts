/**
 * Which share of a limit one replica takes, by what it and the others were asked for. About once a second each reads what the others have
 * published, obeys it, and publishes its own demand and when it read. As its own it reckons the least that somebody may still hold of it: a
 * fall counts at once, a rise once everybody says to have read since. With that the shares never come to more than the whole, however
 * late anybody is. Whoever has not read for `staleMs` takes nothing, and is left nothing once the others must be sure of it: it is
 * cut off from the store, and could store no message either.
 */

/** What another live replica has published; those that have published nothing take nothing, and are left out. */
export interface PublishedDemand {
  /** Messages a second. */
  readonly demand: number;
  /** When it was published, and when its replica had read before, by the store's clock. */
  readonly publishedMs: number;
  readonly seenMs: number;
}

export interface DemandView {
  /** Before it was read, by this process's monotonic clock. */
  readonly begunMs: number;
  /** When it was read, by the store's clock. */
  readonly readMs: number;
  readonly others: readonly PublishedDemand[];
}

const staleMs = 3_000;
/** One may begin to read just before its view is stale, and not come to publish. */
const silentMs = 2 * staleMs;
/** Of the limit, divided evenly among all, so that whoever has had nothing to do can begin. */
const evenPart = 0.1;

interface OwnDemand {
  readonly demand: number;
  /** By the store's clock, once it was certainly there; undefined before. */
  storedMs: number | undefined;
}

export class DemandShare {
  /** From the last one on that all others have read. */
  #own: readonly OwnDemand[] = [];
  #isKnown = false;
  #view: DemandView | undefined;

  /** Obeys what was read. */
  learn(view: DemandView): void {
    if (this.#view !== undefined && view.begunMs - this.#view.begunMs > staleMs) {
      // Others may have forgotten this replica.
      this.#own = [];
      this.#isKnown = false;
    }
    const others = view.others.filter(({ publishedMs }) => view.readMs - publishedMs <= silentMs);
    this.#view = { ...view, others };
    const seenMs = Math.min(...others.map((other) => other.seenMs));
    const last = this.#own.findLastIndex(({ storedMs }) => storedMs !== undefined && storedMs < seenMs);
    if (last < 0) return;
    this.#isKnown = true;
    this.#own = this.#own.slice(last);
  }

  /** To be called before one's own demand is published; what it answers, once it is stored, with a time of the store's clock since then. */
  publish(demand: number): (storedMs: number) => void {
    const own: OwnDemand = { demand, storedMs: undefined };
    this.#own = [...this.#own, own];
    return (storedMs) => {
      own.storedMs = storedMs;
    };
  }

  /** From 0 to 1. */
  shareOf(limitPerSecond: number, nowMs: number): number {
    const view = this.#view;
    if (view === undefined || !this.#isKnown || nowMs - view.begunMs > staleMs) return 0;
    const even = (evenPart * limitPerSecond) / (view.others.length + 1);
    const own = Math.min(...this.#own.map(({ demand }) => demand)) + even;
    return own / view.others.reduce((sum, { demand }) => sum + demand + even, own);
  }
}

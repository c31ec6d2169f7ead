/**
 * The limit of an hour or a day of UTC: how many messages were counted in the window of now, by the store as far as it was seen, and of this
 * process, also those that are on their way there. A bucket would let twice the limit pass in one window.
 */

/** What was taken of a window; to be ended once the store has said what became of it. */
export interface Taken {
  readonly window: number;
  readonly count: number;
}

export type TakeOutcome =
  | { readonly kind: "taken"; readonly taken: Taken }
  /** `retryAfterMs` is undefined where so many never pass. */
  | { readonly kind: "refused"; readonly retryAfterMs: number | undefined };

export class WindowCount {
  readonly #windowMs: number;
  /** Windows are numbered from the epoch, which is where hours and days of UTC begin. */
  #window = -1;
  #counted = 0;
  #inFlight = 0;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Takes all or nothing; `nowMs` is the time of acceptance, which decides in which window it counts. */
  take(count: number, limit: number, nowMs: number): TakeOutcome {
    this.#move(this.windowOf(nowMs));
    if (this.#counted + this.#inFlight + count > limit)
      return { kind: "refused", retryAfterMs: count > limit ? undefined : this.resetMs(nowMs) };
    this.#inFlight += count;
    return { kind: "taken", taken: { window: this.#window, count } };
  }

  /** What was taken is in the store, or never will be. */
  end({ window, count }: Taken, { isStored }: { readonly isStored: boolean }): void {
    if (window !== this.#window) return;
    this.#inFlight -= count;
    if (isStored) this.#counted += count;
  }

  /** What the store holds of a window. Counts only grow within one: an answer that was overtaken says less. */
  learn(window: number, counted: number): void {
    this.#move(window);
    if (window === this.#window) this.#counted = Math.max(this.#counted, counted);
  }

  remaining(limit: number, nowMs: number): number {
    this.#move(this.windowOf(nowMs));
    return Math.max(0, limit - this.#counted - this.#inFlight);
  }

  /** How long until the next window. */
  resetMs(nowMs: number): number {
    return (this.windowOf(nowMs) + 1) * this.#windowMs - nowMs;
  }

  windowOf(nowMs: number): number {
    return Math.floor(nowMs / this.#windowMs);
  }

  /** A clock that is set back opens no window again. */
  #move(window: number): void {
    if (window <= this.#window) return;
    this.#window = window;
    this.#counted = 0;
    this.#inFlight = 0;
  }
}

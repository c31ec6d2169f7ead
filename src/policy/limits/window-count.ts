/**
 * The limit of an hour or a day of UTC: how many messages count in the window of now. Those of this process are known exactly, also while
 * they are on their way to the store; those of others are what the store held at the last reading beyond one's own. A bucket would let
 * twice the limit pass in one window.
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

/** What of the store's count is one's own, as of before it was read. */
export interface Reading {
  readonly window: number;
  readonly own: number;
}

export class WindowCount {
  readonly #windowMs: number;
  /** Windows are numbered from the epoch, which is where hours and days of UTC begin. */
  #window = -1;
  #others = 0;
  #own = 0;
  #inFlight = 0;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Takes all or nothing; `nowMs` is the time of acceptance, which decides in which window it counts. Without a limit it only counts. */
  take(count: number, limit: number | undefined, nowMs: number): TakeOutcome {
    this.#moveTo(nowMs);
    if (limit !== undefined && this.#sum + count > limit)
      return { kind: "refused", retryAfterMs: count > limit ? undefined : this.resetMs(nowMs) };
    this.#inFlight += count;
    return { kind: "taken", taken: { window: this.#window, count } };
  }

  /** So many of what was taken are in the store; the rest never will be. */
  end({ window, count }: Taken, storedCount: number): void {
    if (window !== this.#window) return;
    this.#inFlight -= count;
    this.#own += storedCount;
  }

  /** To be called before the store is read. */
  begin(): Reading {
    return { window: this.#window, own: this.#own };
  }

  /** What the store held of a window. What came there while it was read may count twice, until the next reading. */
  learn(reading: Reading, window: number, counted: number, nowMs: number): void {
    // A process whose clock had gone ahead may have counted there.
    if (window > this.windowOf(nowMs) + 1) return;
    if (window > this.#window) this.#begin(window);
    if (window !== this.#window) return;
    this.#others = Math.max(0, counted - (reading.window === window ? reading.own : 0));
  }

  remaining(limit: number, nowMs: number): number {
    this.#moveTo(nowMs);
    return Math.max(0, limit - this.#sum);
  }

  /** How long until the next window. */
  resetMs(nowMs: number): number {
    return (Math.max(this.#window, this.windowOf(nowMs)) + 1) * this.#windowMs - nowMs;
  }

  windowOf(nowMs: number): number {
    return Math.floor(nowMs / this.#windowMs);
  }

  get isIdle(): boolean {
    return this.#inFlight === 0;
  }

  get #sum(): number {
    return this.#others + this.#own + this.#inFlight;
  }

  /**
   * A clock that is set back opens no window again, unless it is by more than one: it had gone wrong before, and nothing would pass until
   * it is that late once more.
   */
  #moveTo(nowMs: number): void {
    const window = this.windowOf(nowMs);
    if (window > this.#window || window < this.#window - 1) this.#begin(window);
  }

  #begin(window: number): void {
    this.#window = window;
    this.#others = 0;
    this.#own = 0;
    this.#inFlight = 0;
  }
}

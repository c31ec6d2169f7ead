/**
 * The window of one session after the SMSC has said, by a generic_nack, that too much is unanswered. It throttles concurrency then, so the
 * window halves, at most once a round trip, and grows again by one a second (P56).
 */

const perMs = 1 / 1_000;

export class NarrowedWindow {
  #full: number;
  #places: number;
  #timeMs = 0;
  /** Answers still to come to what was under way at the last halving, which say nothing of the new window. */
  #stale = 0;

  constructor(full: number) {
    this.#full = full;
    this.#places = full;
  }

  /** Places where nothing narrows it. */
  get full(): number {
    return this.#full;
  }

  get isFull(): boolean {
    return this.#places === this.#full;
  }

  /** Takes another window; a narrowed one grows to it as before. */
  resize(full: number): void {
    this.#places = this.isFull ? full : Math.min(this.#places, full);
    this.#full = full;
  }

  /** Places in all, including those that are taken. */
  places(nowMs: number): number {
    if (this.isFull) return this.#full;
    this.#places = Math.min(this.#full, this.#places + (nowMs - this.#timeMs) * perMs);
    this.#timeMs = nowMs;
    return Math.floor(this.#places);
  }

  /** An answer came, whatever it said. */
  answered(): void {
    if (this.#stale > 0) this.#stale--;
  }

  /** One came that says that too much was unanswered; `inFlight` others still are. */
  halve(inFlight: number, nowMs: number): void {
    if (this.#stale > 0) return;
    this.#places = Math.max(1, this.places(nowMs) / 2);
    this.#timeMs = nowMs;
    this.#stale = inFlight;
  }
}

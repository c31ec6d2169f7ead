/**
 * The limit of a second: a bucket that holds one second's messages. While there is one token a message passes whatever its recipients count,
 * into debt, so that a message is never cut; a refusal takes nothing, and tells a wait after which a caller who is alone passes.
 */

/** Less than a token that may be missing: what rounding loses of the time that was waited. */
const rounding = 1e-6;

export class MessageBucket {
  #perSecond: number;
  #tokens: number;
  #sinceMs: number;

  /** Times are of a monotonic clock. The bucket starts full. */
  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#tokens = this.#burst;
    this.#sinceMs = nowMs;
  }

  /** A share of less than a message a second lets one through all the same, once it has been saved for. */
  get #burst(): number {
    return Math.max(1, this.#perSecond);
  }

  #tokensAt(nowMs: number): number {
    const saved = (Math.max(0, nowMs - this.#sinceMs) * this.#perSecond) / 1_000;
    return Math.min(this.#burst, this.#tokens + saved);
  }

  #put(tokens: number, nowMs: number): void {
    this.#tokens = tokens;
    this.#sinceMs = Math.max(this.#sinceMs, nowMs);
  }

  /**
   * Takes tokens for so many recipients, and answers 0, or takes none and answers how long to wait, in whole milliseconds. With `kept` it
   * leaves so many to somebody else, who comes first.
   */
  take(count: number, nowMs: number, kept = 0): number {
    const tokens = this.#tokensAt(nowMs);
    if (tokens < 1 + kept - rounding) return this.#msUntil(1 + kept, tokens);
    this.#put(tokens - count, nowMs);
    return 0;
  }

  /** Of a message that was refused, replayed or only looked at after all. */
  giveBack(count: number, nowMs: number): void {
    this.#put(Math.min(this.#burst, this.#tokensAt(nowMs) + count), nowMs);
  }

  /** What was saved at the old rate stays, as far as the new one may save; debt stays, too. */
  setRate(perSecond: number, nowMs: number): void {
    const tokens = this.#tokensAt(nowMs);
    this.#perSecond = perSecond;
    this.#put(Math.min(this.#burst, tokens), nowMs);
  }

  /** Whole messages to one recipient each that would pass at once. */
  remaining(nowMs: number): number {
    return Math.max(0, Math.floor(this.#tokensAt(nowMs) + rounding));
  }

  /** How long until it is full, in whole milliseconds. */
  resetMs(nowMs: number): number {
    return this.#msUntil(this.#burst, this.#tokensAt(nowMs));
  }

  #msUntil(wanted: number, tokens: number): number {
    const missing = wanted - tokens;
    if (missing <= rounding) return 0;
    // Without a share there is nothing to reckon with; shares are divided anew each second.
    if (this.#perSecond <= 0) return 1_000;
    return Math.ceil((missing * 1_000) / this.#perSecond);
  }
}

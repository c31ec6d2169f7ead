/**
 * A token bucket in PDUs (P16): it makes parts wait and refuses none. Its burst stays small, because a burst above the contract
 * earns throttling. Time comes in as milliseconds that never go back.
 */

export class TokenBucket {
  #pdusPerSecond: number | undefined;
  #burst = 1;
  readonly #configuredBurst: number | undefined;
  #tokens = 0;
  #timeMs: number;

  /** Without a rate nothing waits. `burst` defaults to a tenth of a second's rate, at least 1. The bucket starts full. */
  constructor(pdusPerSecond: number | undefined, burst: number | undefined, nowMs: number) {
    this.#configuredBurst = burst;
    this.#timeMs = nowMs;
    this.setRate(pdusPerSecond, nowMs);
    this.#tokens = this.#burst;
  }

  get pdusPerSecond(): number | undefined {
    return this.#pdusPerSecond;
  }

  /** Changes the rate from now on; what was saved is kept up to the burst. */
  setRate(pdusPerSecond: number | undefined, nowMs: number): void {
    if (pdusPerSecond === this.#pdusPerSecond) return;
    this.#refill(nowMs);
    this.#pdusPerSecond = pdusPerSecond;
    this.#burst = Math.max(1, this.#configuredBurst ?? (pdusPerSecond ?? 0) / 10);
    this.#tokens = Math.min(this.#tokens, this.#burst);
  }

  /** Takes one token where there is one. */
  tryTake(nowMs: number): boolean {
    if (this.#pdusPerSecond === undefined) return true;
    this.#refill(nowMs);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Gives a token back that was not used. */
  giveBack(): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + 1);
  }

  /** Milliseconds until a token is there; 0 where one is. */
  delayMs(nowMs: number): number {
    if (this.#pdusPerSecond === undefined) return 0;
    this.#refill(nowMs);
    if (this.#tokens >= 1) return 0;
    return ((1 - this.#tokens) * 1000) / this.#pdusPerSecond;
  }

  #refill(nowMs: number): void {
    const elapsedMs = nowMs - this.#timeMs;
    if (elapsedMs <= 0) return;
    this.#timeMs = nowMs;
    if (this.#pdusPerSecond === undefined) return;
    // A little slack against rounding, so that a timer of exactly `delayMs` finds its token.
    const gained = (elapsedMs * this.#pdusPerSecond) / 1000 + 1e-9;
    this.#tokens = Math.min(this.#burst, this.#tokens + gained);
  }
}

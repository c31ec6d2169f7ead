/**
 * A token bucket in PDUs (P16): it makes parts wait and refuses none. Its burst stays small, because a burst above the contract
 * earns throttling. Time comes in as milliseconds that never go back.
 */

export class TokenBucket {
  #pdusPerSecond: number | undefined;
  #share = 1;
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

  /** What this bucket's share of the rate lets through; undefined where nothing waits. */
  get pdusPerSecond(): number | undefined {
    return this.#pdusPerSecond === undefined ? undefined : this.#pdusPerSecond * this.#share;
  }

  /** Changes the rate from now on; what was saved is kept up to the burst. */
  setRate(pdusPerSecond: number | undefined, nowMs: number): void {
    if (pdusPerSecond === this.#pdusPerSecond) return;
    this.#refill(nowMs);
    this.#pdusPerSecond = pdusPerSecond;
    this.#setBurst();
  }

  /**
   * Takes a share of rate and burst, 0 to 1, where several buckets divide them. Without one nothing is saved, so that whoever gets a share
   * begins empty: its former holder may have used it up.
   */
  setShare(share: number, nowMs: number): void {
    if (share === this.#share) return;
    this.#refill(nowMs);
    this.#share = share;
    this.#setBurst();
    if (share === 0) this.#tokens = 0;
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

  /** Milliseconds until a token is there; 0 where one is, Infinity without a share. */
  delayMs(nowMs: number): number {
    if (this.#pdusPerSecond === undefined) return 0;
    this.#refill(nowMs);
    if (this.#tokens >= 1) return 0;
    return ((1 - this.#tokens) * 1000) / (this.#pdusPerSecond * this.#share);
  }

  #refill(nowMs: number): void {
    const elapsedMs = nowMs - this.#timeMs;
    if (elapsedMs <= 0) return;
    this.#timeMs = nowMs;
    if (this.#pdusPerSecond === undefined) return;
    // A little slack against rounding, so that a timer of exactly `delayMs` finds its token.
    const gained = (elapsedMs * this.#pdusPerSecond * this.#share) / 1000 + 1e-9;
    this.#tokens = Math.min(this.#burst, this.#tokens + gained);
  }

  #setBurst(): void {
    const burst = this.#configuredBurst ?? (this.#pdusPerSecond ?? 0) / 10;
    this.#burst = Math.max(1, burst * this.#share);
    this.#tokens = Math.min(this.#tokens, this.#burst);
  }
}

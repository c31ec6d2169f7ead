/**
 * Slows a gateway down when its SMSC throttles and lets it recover gently (P15): multiplicative decrease, additive increase.
 * Where no rate is configured, the measured one is only where the search begins: the limit then grows by shares of itself, past
 * what was measured, until throttling has been absent for a while.
 */

export interface ThrottleSettings {
  /** Factor for each throttling, at most once in `reactionMs`. */
  readonly decrease: number;
  /** Share of the full rate that comes back each second; without a configured rate, twice this share of the limit itself. */
  readonly recoveryPerSecond: number;
  /** Answers to what was under way before a decrease do not cause another. */
  readonly reactionMs: number;
  /** Lowest share of the full rate. */
  readonly floor: number;
  /** Lowest rate to begin the search with, PDUs a second: one throttled right after a pause says little about the rate. */
  readonly leastMeasured: number;
  /** Without a configured rate, the limit goes when nothing was throttled for so long. */
  readonly forgetMs: number;
}

export const defaultThrottleSettings: ThrottleSettings = {
  decrease: 0.7,
  recoveryPerSecond: 0.05,
  reactionMs: 1_000,
  floor: 0.02,
  leastMeasured: 10,
  forgetMs: 60_000,
};

export class ThrottleControl {
  readonly #settings: ThrottleSettings;
  readonly #configuredPdusPerSecond: number | undefined;
  #fullPdusPerSecond: number | undefined;
  #factor = 1;
  #factorTimeMs = 0;
  #lastThrottleMs = Number.NEGATIVE_INFINITY;
  #measuredSecond = 0;
  #measuredNow = 0;
  #measuredBefore = 0;

  constructor(settings: ThrottleSettings, pdusPerSecond: number | undefined) {
    this.#settings = settings;
    this.#configuredPdusPerSecond = pdusPerSecond;
    this.#fullPdusPerSecond = pdusPerSecond;
  }

  /** Counts a PDU that leaves, to know the rate where none is configured. */
  countPdu(nowMs: number): void {
    if (this.#configuredPdusPerSecond !== undefined) return;
    this.#moveTo(Math.floor(nowMs / 1000));
    this.#measuredNow++;
  }

  /** The SMSC throttled; true where this made the rate lower. */
  onThrottled(nowMs: number): boolean {
    if (nowMs - this.#lastThrottleMs < this.#settings.reactionMs) return false;
    if (this.#fullPdusPerSecond !== undefined) this.#recover(nowMs);
    else {
      this.#moveTo(Math.floor(nowMs / 1000));
      this.#fullPdusPerSecond = Math.max(
        this.#settings.leastMeasured,
        this.#measuredBefore,
        this.#measuredNow,
      );
    }
    this.#lastThrottleMs = nowMs;
    this.#factor = Math.max(this.#settings.floor, this.#factor * this.#settings.decrease);
    return true;
  }

  /** PDUs a second that may leave now; undefined where nothing limits them. */
  pdusPerSecond(nowMs: number): number | undefined {
    if (this.#fullPdusPerSecond === undefined) return undefined;
    if (
      this.#configuredPdusPerSecond === undefined &&
      nowMs - this.#lastThrottleMs >= this.#settings.forgetMs
    ) {
      this.#fullPdusPerSecond = undefined;
      this.#factor = 1;
      return undefined;
    }
    this.#recover(nowMs);
    return this.#fullPdusPerSecond * this.#factor;
  }

  /** 1 where nothing is slowed down. */
  get factor(): number {
    return Math.min(1, this.#factor);
  }

  #recover(nowMs: number): void {
    const { recoveryPerSecond } = this.#settings;
    const seconds = Math.max(0, nowMs - Math.max(this.#factorTimeMs, this.#lastThrottleMs)) / 1000;
    if (this.#configuredPdusPerSecond === undefined) this.#factor *= (1 + 2 * recoveryPerSecond) ** seconds;
    else if (this.#factor < 1) this.#factor = Math.min(1, this.#factor + seconds * recoveryPerSecond);
    this.#factorTimeMs = nowMs;
  }

  #moveTo(second: number): void {
    if (second === this.#measuredSecond) return;
    this.#measuredBefore = second === this.#measuredSecond + 1 ? this.#measuredNow : 0;
    this.#measuredNow = 0;
    this.#measuredSecond = second;
  }
}

/**
 * Slows a gateway down when its SMSC throttles and lets it recover gently (P15). The rate falls by the share of answers that throttled,
 * once a round trip at most: beyond a hard limit that share is what was too much, and where an SMSC throttles now and then for other
 * reasons it costs no more than that. Where no rate is configured, the measured one is only where the search begins: the limit then grows
 * past what was measured, until throttling has been absent for a while.
 */

export interface ThrottleSettings {
  /** Least share of the rate that one decrease leaves: of few answers, all may have throttled. */
  readonly leastKept: number;
  /** Share of itself by which the rate grows each second, up to the full rate where one is configured. */
  readonly recoveryPerSecond: number;
  /** How long answers are counted after a decrease before the next, once what was then under way is answered; that does not count. */
  readonly countMs: number;
  /** Most answers from before the first throttled one that count, so that the share is that of now. */
  readonly mostCalmAnswers: number;
  /** Lowest share of the full rate. */
  readonly floor: number;
  /** Lowest rate to begin the search with, PDUs a second: one throttled right after a pause says little about the rate. */
  readonly leastMeasured: number;
  /** Without a configured rate, the limit grows to so many times what is measured: beyond, it limits nothing. */
  readonly mostAboveMeasured: number;
  /** Without a configured rate, the limit goes when nothing was throttled for so long. */
  readonly forgetMs: number;
}

export const defaultThrottleSettings: ThrottleSettings = {
  leastKept: 0.7,
  recoveryPerSecond: 0.08,
  countMs: 1_000,
  mostCalmAnswers: 20,
  floor: 0.02,
  leastMeasured: 10,
  mostAboveMeasured: 10,
  forgetMs: 60_000,
};

export class ThrottleControl {
  readonly #settings: ThrottleSettings;
  readonly #configuredPdusPerSecond: number | undefined;
  #fullPdusPerSecond: number | undefined;
  #factor = 1;
  #factorTimeMs = 0;
  #lastThrottleMs = Number.NEGATIVE_INFINITY;
  #countedSinceMs = Number.NEGATIVE_INFINITY;
  #answers = 0;
  #throttled = 0;
  /** Answers still to come to what was under way at the last decrease. */
  #stale = 0;
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

  /** The SMSC answered, while `underWay` others are unanswered; true where this made the rate lower. */
  onAnswer(isThrottled: boolean, underWay: number, nowMs: number): boolean {
    const { countMs, mostCalmAnswers } = this.#settings;
    if (isThrottled) this.#lastThrottleMs = nowMs;
    if (this.#stale > 0) {
      this.#stale--;
      this.#countedSinceMs = nowMs;
      return false;
    }
    this.#answers++;
    if (isThrottled) this.#throttled++;
    else if (this.#throttled === 0) this.#answers = Math.min(this.#answers, mostCalmAnswers);
    if (!isThrottled || nowMs - this.#countedSinceMs < countMs) return false;
    this.#decrease(nowMs);
    this.#stale = underWay;
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

  #decrease(nowMs: number): void {
    const { floor, leastKept } = this.#settings;
    if (this.#fullPdusPerSecond === undefined) this.#fullPdusPerSecond = this.#measured(nowMs);
    else this.#recover(nowMs);
    const kept = Math.max(leastKept, 1 - this.#throttled / this.#answers);
    this.#factor = Math.max(floor, this.#factor * kept);
    this.#factorTimeMs = nowMs;
    this.#countedSinceMs = nowMs;
    this.#answers = 0;
    this.#throttled = 0;
  }

  #recover(nowMs: number): void {
    const { recoveryPerSecond, mostAboveMeasured } = this.#settings;
    const full = this.#fullPdusPerSecond;
    const seconds = (nowMs - this.#factorTimeMs) / 1000;
    if (full === undefined || seconds <= 0) return;
    const isSearching = this.#configuredPdusPerSecond === undefined;
    const most = isSearching ? (mostAboveMeasured * this.#measured(nowMs)) / full : 1;
    const grown = this.#factor * (1 + recoveryPerSecond) ** seconds;
    this.#factor = Math.max(this.#factor, Math.min(most, grown));
    this.#factorTimeMs = nowMs;
  }

  /** PDUs that left in the better of this second and the one before, or as many as a search begins with. */
  #measured(nowMs: number): number {
    this.#moveTo(Math.floor(nowMs / 1000));
    return Math.max(this.#settings.leastMeasured, this.#measuredBefore, this.#measuredNow);
  }

  #moveTo(second: number): void {
    if (second === this.#measuredSecond) return;
    this.#measuredBefore = second === this.#measuredSecond + 1 ? this.#measuredNow : 0;
    this.#measuredNow = 0;
    this.#measuredSecond = second;
  }
}

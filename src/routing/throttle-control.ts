/**
 * Slows a gateway down when its SMSC throttles, to what the SMSC really takes (P15). Some throttle beyond a limit, others now and then
 * whatever the rate (P58). To find out which, the rate goes just below what was taken: throttling beyond a limit then ends. Throttling at
 * random goes on with the same share; it costs no more than that share, and the rate is given back.
 */

export interface ThrottleSettings {
  /** Answers below which nothing is judged, and how long they are counted at least. */
  readonly leastAnswers: number;
  readonly countMs: number;
  /** So many answers with such a share of throttled ones are judged without waiting for the end of `countMs`. */
  readonly hasteAnswers: number;
  readonly hasteShare: number;
  /** Throttled share beyond the one at random that is not worth a change. */
  readonly tolerance: number;
  /** Share of what was taken to which the rate falls. */
  readonly kept: number;
  /** Least share of the former rate that one decrease leaves. */
  readonly leastKept: number;
  /** More than this share is never taken for throttling at random. */
  readonly mostNoise: number;
  /** Share of itself by which the rate grows each second, up to the full rate where one is configured. */
  readonly recoveryPerSecond: number;
  /** Lowest rate, PDUs a second. */
  readonly floor: number;
  /** Lowest rate to begin with where none is configured: what is throttled right after a pause says little about the rate. */
  readonly leastMeasured: number;
  /** Without a configured rate, the limit grows to so many times what is taken: beyond, it limits nothing. */
  readonly mostAboveMeasured: number;
  /** Without a configured rate, the limit goes when nothing was throttled for so long. */
  readonly forgetMs: number;
}

export const defaultThrottleSettings: ThrottleSettings = {
  leastAnswers: 10,
  countMs: 1_000,
  hasteAnswers: 20,
  hasteShare: 0.7,
  tolerance: 0.05,
  kept: 0.95,
  leastKept: 0.5,
  mostNoise: 0.5,
  recoveryPerSecond: 0.08,
  floor: 1,
  leastMeasured: 10,
  mostAboveMeasured: 10,
  forgetMs: 60_000,
};

/** The rate never falls below half of what was taken in so many seconds. */
const goodputSeconds = 10;
/** How long answers to what was under way at a change are waited for. */
const staleMs = 5_000;

/** A decrease of which it is not clear yet whether it helped. */
interface Trial {
  /** What was throttled before it. */
  readonly share: number;
  /** The limit to go back to if it did not help. */
  readonly limit: number | undefined;
  /** What would still be throttled beyond a hard limit. */
  readonly expected: number;
}

/** Whether the share is closer to what is throttled at random than to what sending less would leave. */
function isAsBefore(share: number, trial: Trial, tolerance: number): boolean {
  const least = trial.expected + (trial.share - trial.expected) * 0.75;
  return share > least && share < trial.share * 1.5 + tolerance;
}

export class ThrottleControl {
  readonly #settings: ThrottleSettings;
  readonly #configured: number | undefined;
  /** PDUs a second; undefined where nothing is slowed down. */
  #limit: number | undefined;
  #limitTimeMs = 0;
  /** What was sent a second when the limit began, to tell how slow that is. */
  #full = 0;
  /** Share of answers that throttle whatever the rate. */
  #noise = 0;
  /** After a decrease: what was before it, until it is clear whether it helped. */
  #trial: Trial | undefined;
  #lastThrottleMs = Number.NEGATIVE_INFINITY;
  #countedSinceMs = Number.NEGATIVE_INFINITY;
  #answers = 0;
  #throttled = 0;
  /** Answers still to come to what was under way at the last decrease, which say nothing of the new rate. */
  #stale = 0;
  #staleUntilMs = 0;
  /** PDUs taken, by second. */
  readonly #taken = new Array<number>(goodputSeconds + 1).fill(0);
  #second = 0;
  #firstSecond: number | undefined;

  constructor(settings: ThrottleSettings, pdusPerSecond: number | undefined) {
    this.#settings = settings;
    this.#configured = pdusPerSecond;
  }

  /** The SMSC took so many PDUs and throttled so many, while `underWay` deliveries are unanswered; true where this made the rate lower. */
  onAnswer(taken: number, throttled: number, underWay: number, nowMs: number): boolean {
    this.#moveTo(nowMs);
    const at = this.#second % this.#taken.length;
    this.#taken[at] = (this.#taken[at] ?? 0) + taken;
    if (throttled > 0) this.#lastThrottleMs = nowMs;
    if (this.#stale > 0 && nowMs < this.#staleUntilMs) {
      this.#stale--;
      this.#begin(nowMs);
      return false;
    }
    this.#answers += taken + throttled;
    this.#throttled += throttled;
    const { leastAnswers, countMs, hasteAnswers, hasteShare } = this.#settings;
    const trialShare = this.#trial?.share ?? 1;
    if (this.#answers * Math.min(1, trialShare * 0.7) < leastAnswers) return false;
    const share = this.#throttled / this.#answers;
    const isHasty = share >= hasteShare && this.#answers >= hasteAnswers && this.#isTooMuch(share);
    if (nowMs - this.#countedSinceMs < countMs && !isHasty) return false;
    const isSlower = this.#judge(share, nowMs);
    this.#begin(nowMs);
    if (isSlower) {
      this.#stale = underWay;
      this.#staleUntilMs = nowMs + staleMs;
    }
    return isSlower;
  }

  /** PDUs a second that may leave now; undefined where nothing limits them. */
  pdusPerSecond(nowMs: number): number | undefined {
    if (this.#limit === undefined) return this.#configured;
    if (this.#configured === undefined && nowMs - this.#lastThrottleMs >= this.#settings.forgetMs) {
      this.#limit = undefined;
      this.#trial = undefined;
      this.#noise = 0;
      return undefined;
    }
    this.#recover(nowMs);
    return this.#limit ?? this.#configured;
  }

  /** 1 where nothing is slowed down. */
  get factor(): number {
    return this.#limit === undefined ? 1 : Math.min(1, this.#limit / (this.#configured ?? this.#full));
  }

  /** Judges the share of what was counted; true where the rate falls. */
  #judge(share: number, nowMs: number): boolean {
    const { tolerance, mostNoise } = this.#settings;
    const trial = this.#trial;
    if (trial !== undefined && share <= mostNoise && isAsBefore(share, trial, tolerance)) {
      // Sending less changed nothing: it is throttled at random.
      this.#noise = share;
      this.#limit = trial.limit;
      this.#limitTimeMs = nowMs;
      this.#trial = undefined;
      return false;
    }
    // What sending less has ended was no chance.
    if (trial !== undefined) this.#noise = Math.min(this.#noise, Math.max(0, share - trial.expected));
    if (this.#isTooMuch(share)) {
      this.#decrease(share, nowMs);
      return true;
    }
    this.#noise += Math.min(0, share - this.#noise) * 0.1;
    this.#trial = undefined;
    if (this.#limit !== undefined) this.#limitTimeMs = nowMs;
    return false;
  }

  /** Whether more is throttled than at random. */
  #isTooMuch(share: number): boolean {
    // So far apart lie shares of so few answers by chance.
    const spread = 2 * Math.sqrt((this.#noise * (1 - this.#noise)) / this.#answers);
    const { tolerance, mostNoise } = this.#settings;
    // What was once taken for chance by mistake must not hide a hard limit for good.
    return share > Math.min(this.#noise + tolerance, mostNoise) + spread;
  }

  #decrease(share: number, nowMs: number): void {
    const { kept, leastKept, floor, leastMeasured } = this.#settings;
    const countedMs = Math.max(1, nowMs - this.#countedSinceMs);
    const counted = ((this.#answers - this.#throttled) * 1_000) / countedMs;
    // What the first answers of a burst come to in a second says nothing.
    const goodput = countedMs >= 1_000 ? counted : Math.min(counted, this.#goodput(nowMs));
    const sent = goodput / Math.max(0.01, 1 - share);
    if (this.#limit === undefined) this.#full = Math.max(leastMeasured, sent);
    const before = this.#limit ?? this.#configured ?? this.#full;
    const wanted = Math.max(goodput * kept, before * leastKept, this.#average(nowMs) / 2, floor);
    const limit = Math.min(before, wanted);
    // Beyond a hard limit this much would still be too much; what is well above it is not.
    const expected = Math.max(0, 1 - goodput / limit);
    const { limit: former } = this.#trial ?? { limit: this.#limit };
    this.#trial = { share, limit: former, expected };
    this.#limit = limit;
    this.#limitTimeMs = nowMs;
  }

  /** Grows, but not before it is clear whether the last decrease helped. */
  #recover(nowMs: number): void {
    const { recoveryPerSecond, mostAboveMeasured, leastMeasured } = this.#settings;
    const limit = this.#limit;
    const seconds = (nowMs - this.#limitTimeMs) / 1000;
    if (limit === undefined || seconds <= 0) return;
    this.#limitTimeMs = nowMs;
    if (this.#trial !== undefined && nowMs - this.#lastThrottleMs < staleMs) return;
    const most = this.#configured ?? mostAboveMeasured * Math.max(leastMeasured, this.#goodput(nowMs));
    const grown = Math.max(limit, Math.min(most, limit * (1 + recoveryPerSecond) ** seconds));
    this.#limit = this.#configured !== undefined && grown >= this.#configured ? undefined : grown;
  }

  #begin(nowMs: number): void {
    this.#countedSinceMs = nowMs;
    this.#answers = 0;
    this.#throttled = 0;
  }

  /** PDUs taken in the better of this second and the one before. */
  #goodput(nowMs: number): number {
    this.#moveTo(nowMs);
    const slots = this.#taken.length;
    return Math.max(
      this.#taken[this.#second % slots] ?? 0,
      this.#taken[(this.#second + slots - 1) % slots] ?? 0,
    );
  }

  /** PDUs taken a second over the last ten, or as many as there were. */
  #average(nowMs: number): number {
    this.#moveTo(nowMs);
    const seconds = Math.min(goodputSeconds, this.#second - (this.#firstSecond ?? this.#second) + 1);
    let sum = 0;
    for (const taken of this.#taken) sum += taken;
    return sum / seconds;
  }

  #moveTo(nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    if (second === this.#second && this.#firstSecond !== undefined) return;
    const slots = this.#taken.length;
    const steps = Math.min(slots, second - this.#second);
    // After a long silence nothing of before counts.
    if (this.#firstSecond === undefined || steps >= slots) {
      this.#taken.fill(0);
      this.#firstSecond = second;
      this.#begin(nowMs);
    } else {
      for (let step = 1; step <= steps; step++) this.#taken[(this.#second + step) % slots] = 0;
    }
    this.#second = second;
  }
}

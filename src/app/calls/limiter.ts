/**
 * The limits of one account or key at this process: the bucket of a second, and the windows of an hour and a day, which go on where the store
 * says that they stood. It outlives the policy that set the limits, so that changing one setting fills no bucket, and counts in both
 * windows whichever are limited, as the store does.
 */
import { SmsError } from "../../domain/errors.ts";
import { type LimitOwner, nameOfOwner } from "../../domain/limit-owner.ts";
import { limitWindows } from "../../domain/limit-windows.ts";
import type { RateLimit } from "../../domain/rate-limit.ts";
import type { StatusCodeName } from "../../domain/status-code.ts";
import { MessageBucket } from "../../policy/limits/message-bucket.ts";
import { WindowCount } from "../../policy/limits/window-count.ts";
import type { MessageCounts } from "../../store/records/message-counts.ts";
import { type Taken, TakenOfLimits } from "./taken.ts";

/** The clocks: windows go by the store's time, the bucket by one that nobody sets. */
export interface LimitClock {
  now(): number;
  monotonic(): number;
}

/** How the tightest limit stands. */
export interface LimitFigures {
  readonly limit: number;
  readonly remaining: number;
  readonly resetMs: number;
}

/** Why a message may not be sent now. */
export interface Over {
  readonly kind: "second" | "window";
  readonly refusal: SmsError;
  /** How long to wait, where that helps; milliseconds. */
  readonly retryAfterMs: number | undefined;
}

export function isOverSecond(outcome: Taken | Over): outcome is Over {
  return "refusal" in outcome && outcome.kind === "second";
}

/** How a message is let through the second's limit. */
export interface Passing {
  /** It is part of what was let through. */
  readonly isBegun?: boolean;
  /** So many tokens are for somebody who has waited for too long. */
  readonly keptTokens?: number;
}

/** How long what was read is good for where the store may hold what is not known here. */
const trustMs = 1_000;

export class Limiter {
  readonly #owner: LimitOwner;
  readonly #clock: LimitClock;
  #limits: readonly RateLimit[] = [];
  /** Whom the store counts by these limits. */
  #counting: readonly LimitOwner[] = [];
  #bucket: MessageBucket | undefined;
  readonly #hour = new WindowCount(limitWindows.hour);
  readonly #day = new WindowCount(limitWindows.day);
  #replicaCount = 1;
  #readMs = Number.NEGATIVE_INFINITY;
  #wasRead = false;
  /** Whether nothing was on its way to the store while it was read last. */
  #isExact = true;
  #doubtCount = 0;
  #reading: Promise<void> | undefined;

  constructor(owner: LimitOwner, clock: LimitClock) {
    this.#owner = owner;
    this.#clock = clock;
  }

  /** Goes by these limits from now on. */
  obey(limits: readonly RateLimit[]): void {
    if (limits === this.#limits) return;
    this.#limits = limits;
    this.#counting = this.#hasWindows ? [this.#owner] : [];
    this.#setRate();
  }

  #setRate(): void {
    const limit = this.#limitOf(limitWindows.second);
    if (limit === undefined) {
      this.#bucket = undefined;
      return;
    }
    const perSecond = limit / this.#replicaCount;
    const nowMs = this.#clock.monotonic();
    if (this.#bucket === undefined) this.#bucket = new MessageBucket(perSecond, nowMs);
    else this.#bucket.setRate(perSecond, nowMs);
  }

  #limitOf(windowMs: number): number | undefined {
    return this.#limits.find((limit) => limit.windowMs === windowMs)?.messageCount;
  }

  get #hasWindows(): boolean {
    return this.#limits.some(({ windowMs }) => windowMs !== limitWindows.second);
  }

  /** Whether the store is to be read first: once, and again each second where others write it too, or where it was read amid messages. */
  needsReading(isShared: boolean): boolean {
    if (this.#readMs === Number.NEGATIVE_INFINITY) return isShared || this.#hasWindows;
    if (!isShared && (this.#isExact || !this.#hasWindows)) return false;
    return this.#clock.monotonic() - this.#readMs >= trustMs;
  }

  /** Whether figures would lack what was never read. */
  get lacksReading(): boolean {
    return !this.#wasRead && this.#hasWindows;
  }

  /** Learns what the store holds; those who ask meanwhile share one reading. */
  read(load: () => Promise<MessageCounts>): Promise<void> {
    this.#reading ??= this.#read(load).finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #read(load: () => Promise<MessageCounts>): Promise<void> {
    const beganMs = this.#clock.monotonic();
    const doubtCount = this.#doubtCount;
    const hour = this.#hour.begin();
    const day = this.#day.begin();
    // What commits meanwhile is not known to be read or not, and counts twice until the next reading.
    const isExact = this.#hour.isIdle && this.#day.isIdle;
    const totals = await load();
    const nowMs = this.#clock.now();
    this.#hour.learn(hour, totals.hour, totals.hourCount, nowMs);
    this.#day.learn(day, totals.day, totals.dayCount, nowMs);
    if (totals.replicaCount !== this.#replicaCount) {
      this.#replicaCount = totals.replicaCount;
      this.#setRate();
    }
    this.#wasRead = true;
    this.#isExact = isExact;
    // A doubt that came meanwhile is not settled by it.
    if (doubtCount === this.#doubtCount) this.#readMs = beganMs;
  }

  /** Takes for a message to so many recipients, all or nothing. */
  take(count: number, { isBegun = false, keptTokens = 0 }: Passing = {}): Taken | Over {
    const nowMs = this.#clock.now();
    const bucket = this.#bucket;
    if (bucket !== undefined) {
      const monotonicMs = this.#clock.monotonic();
      if (isBegun) bucket.giveBack(-count, monotonicMs);
      else {
        const waitMs = bucket.take(count, monotonicMs, keptTokens);
        if (waitMs > 0) return this.#over("second", "RATE_LIMITED", limitWindows.second, waitMs);
      }
    }
    const ofHour = this.#hour.take(count, this.#limitOf(limitWindows.hour), nowMs);
    const ofDay = this.#day.take(count, this.#limitOf(limitWindows.day), nowMs);
    if (ofHour.kind === "taken" && ofDay.kind === "taken")
      return new TakenOfLimits(this, this.#counting, count, bucket, ofHour.taken, ofDay.taken);
    if (ofHour.kind === "taken") this.#hour.end(ofHour.taken, 0);
    if (ofDay.kind === "taken") this.#day.end(ofDay.taken, 0);
    bucket?.giveBack(count, this.#clock.monotonic());
    // The day's wait is the longer one, so that whoever has waited is not refused again by the other.
    const isOfDay =
      ofDay.kind === "refused" && !(ofHour.kind === "refused" && ofHour.retryAfterMs === undefined);
    const [windowMs, refused] = isOfDay ? [limitWindows.day, ofDay] : [limitWindows.hour, ofHour];
    const retryAfterMs = refused.kind === "refused" ? refused.retryAfterMs : undefined;
    return this.#over("window", "MSG_LIMIT_EXCEEDED", windowMs, retryAfterMs);
  }

  /** What became of a message is known: so many of those that it took are in the store, and whether that is certain. */
  ended(took: TakenOfLimits, storedCount: number, isDoubtful: boolean): void {
    this.#hour.end(took.ofHour, storedCount);
    this.#day.end(took.ofDay, storedCount);
    if (isDoubtful) {
      this.#doubtCount += 1;
      this.#readMs = Number.NEGATIVE_INFINITY;
    } else if (storedCount < took.count)
      took.bucket?.giveBack(took.count - storedCount, this.#clock.monotonic());
  }

  #over(kind: Over["kind"], code: StatusCodeName, windowMs: number, retryAfterMs: number | undefined): Over {
    const description = `At most ${this.#limitOf(windowMs) ?? 0} messages in ${windowNames.get(windowMs)}.`;
    const refusal = new SmsError(code, description, {
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      quota: { subject: nameOfOwner(this.#owner), description },
    });
    return { kind, refusal, retryAfterMs };
  }

  /** Of the limit that has the least left; undefined where none has a say. */
  figures(): LimitFigures | undefined {
    const nowMs = this.#clock.now();
    let tightest: LimitFigures | undefined;
    for (const { windowMs, messageCount: limit } of this.#limits) {
      const figures = this.#figuresOf(windowMs, limit, nowMs);
      if (figures !== undefined && (tightest === undefined || figures.remaining < tightest.remaining))
        tightest = figures;
    }
    return tightest;
  }

  #figuresOf(windowMs: number, limit: number, nowMs: number): LimitFigures | undefined {
    if (windowMs === limitWindows.second) {
      if (this.#bucket === undefined) return undefined;
      const monotonicMs = this.#clock.monotonic();
      return {
        limit,
        remaining: this.#bucket.remaining(monotonicMs),
        resetMs: this.#bucket.resetMs(monotonicMs),
      };
    }
    if (!this.#wasRead) return undefined;
    const window = windowMs === limitWindows.hour ? this.#hour : this.#day;
    return { limit, remaining: window.remaining(limit, nowMs), resetMs: window.resetMs(nowMs) };
  }

  /** Whether it would begin anew as it stands, but for what the store knows. */
  get isIdle(): boolean {
    const missingMs = this.#bucket?.resetMs(this.#clock.monotonic()) ?? 0;
    return missingMs === 0 && this.#hour.isIdle && this.#day.isIdle;
  }
}

const windowNames: ReadonlyMap<number, string> = new Map([
  [limitWindows.second, "a second"],
  [limitWindows.hour, "an hour"],
  [limitWindows.day, "a day"],
]);

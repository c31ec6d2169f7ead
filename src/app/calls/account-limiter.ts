/**
 * The limits of one account at this process: the bucket of a second, and the windows of an hour and a day, which go on where the store
 * says that they stood. It outlives the policy that set the limits, so that changing one setting fills no bucket.
 */
import { SmsError } from "../../domain/errors.ts";
import type { AccountId } from "../../domain/ids.ts";
import { limitWindows } from "../../domain/limit-windows.ts";
import type { StatusCodeName } from "../../domain/status-code.ts";
import { MessageBucket } from "../../policy/limits/message-bucket.ts";
import type { RateLimit } from "../../policy/limits/rate-limits.ts";
import { type Taken as TakenOfWindow, WindowCount } from "../../policy/limits/window-count.ts";
import type { AccountTotals } from "../../store/records/account-totals.ts";

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

/** What a message took. */
export interface Taken {
  /** So many of its messages are in the store. */
  stored(count: number): void;
  /** Nobody knows whether they are. */
  doubt(): void;
  /** To be called in any case: what was not stored is given back. */
  end(): void;
}

/** Why a message may not be sent now. */
export interface Over {
  readonly kind: "second" | "window";
  readonly refusal: SmsError;
  /** How long to wait, where that helps; milliseconds. */
  readonly retryAfterMs: number | undefined;
}

export class AccountLimiter {
  readonly #accountId: AccountId;
  readonly #clock: LimitClock;
  #limits: readonly RateLimit[] = [];
  #bucket: MessageBucket | undefined;
  readonly #windows = new Map<number, WindowCount>();
  #replicaCount = 1;
  #readMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  constructor(accountId: AccountId, clock: LimitClock) {
    this.#accountId = accountId;
    this.#clock = clock;
  }

  /** Goes by these limits from now on. */
  obey(limits: readonly RateLimit[]): void {
    if (limits === this.#limits) return;
    this.#limits = limits;
    for (const { windowMs } of limits) {
      if (windowMs === limitWindows.second || this.#windows.has(windowMs)) continue;
      this.#windows.set(windowMs, new WindowCount(windowMs));
      this.#readMs = Number.NEGATIVE_INFINITY;
    }
    this.#setRate();
  }

  #setRate(): void {
    const limit = this.#limits.find(({ windowMs }) => windowMs === limitWindows.second);
    if (limit === undefined) {
      this.#bucket = undefined;
      return;
    }
    const perSecond = limit.messageCount / this.#replicaCount;
    const nowMs = this.#clock.monotonic();
    if (this.#bucket === undefined) this.#bucket = new MessageBucket(perSecond, nowMs);
    else this.#bucket.setRate(perSecond, nowMs);
  }

  /** Whether the store is to be read first: once, or where others write it too whenever it was read `maxAgeMs` ago. */
  needsReading(isShared: boolean, maxAgeMs: number): boolean {
    if (this.#readMs === Number.NEGATIVE_INFINITY) return isShared || this.#windows.size > 0;
    return isShared && this.#clock.monotonic() - this.#readMs >= maxAgeMs;
  }

  /** Learns what the store holds; those who ask meanwhile share one reading. */
  read(load: () => Promise<AccountTotals>): Promise<void> {
    this.#reading ??= this.#read(load).finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #read(load: () => Promise<AccountTotals>): Promise<void> {
    const beganMs = this.#clock.monotonic();
    const begun = [...this.#windows].map(([windowMs, window]) => ({
      windowMs,
      window,
      reading: window.begin(),
    }));
    const totals = await load();
    for (const { windowMs, window, reading } of begun) {
      if (windowMs === limitWindows.hour) window.learn(reading, totals.hour, totals.hourCount);
      else window.learn(reading, totals.day, totals.dayCount);
    }
    if (totals.replicaCount !== this.#replicaCount) {
      this.#replicaCount = totals.replicaCount;
      this.#setRate();
    }
    // A window that came meanwhile was not read.
    if (begun.length === this.#windows.size) this.#readMs = beganMs;
  }

  /** Takes for a message to so many recipients, all or nothing. With `isBegun` it is part of what was let through the second's limit. */
  take(count: number, isBegun: boolean): Taken | Over {
    const nowMs = this.#clock.now();
    const bucket = this.#bucket;
    if (bucket !== undefined) {
      const monotonicMs = this.#clock.monotonic();
      if (isBegun) bucket.giveBack(-count, monotonicMs);
      else {
        const waitMs = bucket.take(count, monotonicMs);
        if (waitMs > 0) return this.#over("second", "RATE_LIMITED", limitWindows.second, waitMs);
      }
    }
    const taken: { readonly window: WindowCount; readonly of: TakenOfWindow }[] = [];
    for (const { windowMs, messageCount } of this.#limits) {
      const window = this.#windows.get(windowMs);
      if (window === undefined || windowMs === limitWindows.second) continue;
      const outcome = window.take(count, messageCount, nowMs);
      if (outcome.kind === "taken") {
        taken.push({ window, of: outcome.taken });
        continue;
      }
      for (const { window: earlier, of } of taken) earlier.end(of, 0);
      bucket?.giveBack(count, this.#clock.monotonic());
      return this.#over("window", "MSG_LIMIT_EXCEEDED", windowMs, outcome.retryAfterMs);
    }
    return this.#taken(count, taken);
  }

  #taken(
    count: number,
    windows: readonly { readonly window: WindowCount; readonly of: TakenOfWindow }[],
  ): Taken {
    let storedCount = 0;
    let isOver = false;
    let isDoubtful = false;
    return {
      stored: (sent) => {
        storedCount = sent;
      },
      doubt: () => {
        isDoubtful = true;
      },
      end: () => {
        if (isOver) return;
        isOver = true;
        for (const { window, of } of windows) window.end(of, storedCount);
        if (isDoubtful) this.#readMs = Number.NEGATIVE_INFINITY;
        else if (storedCount === 0) this.#bucket?.giveBack(count, this.#clock.monotonic());
      },
    };
  }

  #over(kind: Over["kind"], code: StatusCodeName, windowMs: number, retryAfterMs: number | undefined): Over {
    const limit = this.#limits.find((one) => one.windowMs === windowMs)?.messageCount ?? 0;
    const description = `At most ${limit} messages in ${windowNames.get(windowMs)}.`;
    const refusal = new SmsError(code, description, {
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      quota: { subject: `account ${this.#accountId}`, description },
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
    const window = this.#windows.get(windowMs);
    if (window === undefined || this.#readMs === Number.NEGATIVE_INFINITY) return undefined;
    return { limit, remaining: window.remaining(limit, nowMs), resetMs: window.resetMs(nowMs) };
  }

  /** Whether it would begin anew as it stands, but for what the store knows. */
  get isIdle(): boolean {
    const missingMs = this.#bucket?.resetMs(this.#clock.monotonic()) ?? 0;
    return missingMs === 0 && [...this.#windows.values()].every((window) => window.isIdle);
  }
}

const windowNames: ReadonlyMap<number, string> = new Map([
  [limitWindows.second, "a second"],
  [limitWindows.hour, "an hour"],
  [limitWindows.day, "a day"],
]);

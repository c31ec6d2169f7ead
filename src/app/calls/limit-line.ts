/**
 * Those who wait for an account's limit of a second, in their order. The first tries again after the time that it was told, and at least
 * once a second, so that another limit holds at once. Whoever is beaten to a token by calls that do not wait keeps them out until it has
 * passed.
 */
import { SmsError } from "../../domain/errors.ts";
import type { Clock } from "../../observability/clock.ts";
import { isOverSecond, type Over } from "./limiter.ts";
import type { Taken } from "./taken.ts";

export interface LimitLineDeps {
  readonly clock: Pick<Clock, "monotonic" | "setTimeout">;
  /** Takes for the first. */
  readonly take: (count: number) => Promise<Taken | Over>;
  /** Nobody waits any more. */
  readonly onEmpty: () => void;
}

interface Waiting {
  readonly count: number;
  readonly turn: PromiseWithResolvers<Taken | Over>;
}

const lookEveryMs = 1_000;

export class LimitLine {
  readonly #deps: LimitLineDeps;
  /** In the order of their coming. */
  readonly #waiting = new Set<Waiting>();
  #isServing = false;
  #isBeaten = false;
  #endPause: (() => void) | undefined;

  constructor(deps: LimitLineDeps) {
    this.#deps = deps;
  }

  /** Resolves at its turn; rejects with SERVICE_UNAVAILABLE as soon as `leaving` is aborted. */
  wait(count: number, leaving: AbortSignal): Promise<Taken | Over> {
    const one: Waiting = { count, turn: Promise.withResolvers() };
    const leave = () => {
      if (!this.#waiting.delete(one)) return;
      one.turn.reject(gone());
      if (this.#waiting.size === 0) this.#endPause?.();
    };
    this.#waiting.add(one);
    if (leaving.aborted) leave();
    leaving.addEventListener("abort", leave);
    if (!this.#isServing) void this.#serve();
    return one.turn.promise.finally(() => leaving.removeEventListener("abort", leave));
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Tokens that others must leave to the first. */
  get keptTokens(): number {
    const [first] = this.#waiting;
    return this.#isBeaten && first !== undefined ? first.count : 0;
  }

  /** The service stops. */
  end(): void {
    for (const { turn } of this.#waiting) turn.reject(new SmsError("SERVICE_UNAVAILABLE"));
    this.#waiting.clear();
    this.#endPause?.();
  }

  async #serve(): Promise<void> {
    this.#isServing = true;
    /** When the first was told to come again. */
    let dueMs: number | undefined;
    for (let [first] = this.#waiting; first !== undefined; [first] = this.#waiting) {
      const outcome = await this.#try(first);
      if (outcome !== undefined && isOverSecond(outcome)) {
        const nowMs = this.#deps.clock.monotonic();
        const waitMs = outcome.retryAfterMs ?? lookEveryMs;
        if (dueMs !== undefined && nowMs >= dueMs) this.#isBeaten = true;
        if (dueMs === undefined || nowMs >= dueMs) dueMs = nowMs + waitMs;
        await this.#pause(Math.min(waitMs, lookEveryMs));
        continue;
      }
      this.#isBeaten = false;
      dueMs = undefined;
      if (outcome === undefined) continue;
      // It may have left meanwhile.
      if (this.#waiting.delete(first)) first.turn.resolve(outcome);
      else if (!("refusal" in outcome)) outcome.end();
    }
    this.#isServing = false;
    this.#isBeaten = false;
    this.#deps.onEmpty();
  }

  /** Undefined where it was told why not. */
  async #try(first: Waiting): Promise<Taken | Over | undefined> {
    try {
      return await this.#deps.take(first.count);
    } catch (error) {
      this.#waiting.delete(first);
      first.turn.reject(error);
      return undefined;
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#deps.clock.setTimeout(() => this.#endPause?.(), ms);
      this.#endPause = () => {
        timer.cancel();
        this.#endPause = undefined;
        resolve();
      };
    });
  }
}

/** The refusal of what nobody waits for any more. */
export function gone(): SmsError {
  return new SmsError("SERVICE_UNAVAILABLE", "Its caller has gone.");
}

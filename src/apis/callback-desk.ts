/** The callbacks of a simulated provider: sent after a while, and again until they are answered with 2xx. */
import { createHash } from "node:crypto";
import type { Clock, Timer } from "../observability/clock.ts";
import type { ApiBehaviour, ApiBehaviourKind } from "./behaviour.ts";
import type { Callback, Dialect, DialectTools, Outcome, TakenMessage } from "./dialect.ts";

export interface CallbackCounters {
  readonly callbacks: number;
  /** Answered with 2xx. */
  readonly callbacksTaken: number;
  /** Answered otherwise, or not at all; tries, not callbacks. */
  readonly callbacksRefused: number;
}

export interface CallbackDeskOptions {
  readonly clock: Clock;
  readonly dialect: Dialect;
  readonly tools: DialectTools;
  readonly delayMs: number;
  readonly retryMs: number;
  readonly take: (kind: ApiBehaviourKind, message: TakenMessage) => ApiBehaviour | undefined;
}

const maxTries = 12;
const answerMs = 10_000;

export class CallbackDesk {
  readonly #options: CallbackDeskOptions;
  readonly #timers = new Set<Timer>();
  readonly #stopping = new AbortController();
  #callbacks = 0;
  #taken = 0;
  #refused = 0;

  constructor(options: CallbackDeskOptions) {
    this.#options = options;
  }

  counters(): CallbackCounters {
    return { callbacks: this.#callbacks, callbacksTaken: this.#taken, callbacksRefused: this.#refused };
  }

  /** Calls back after the usual time. */
  expect(messages: readonly TakenMessage[]): void {
    for (const message of messages) {
      if (message.callbackUrl === undefined || this.#options.take("no-receipt", message) !== undefined)
        continue;
      const late = this.#options.take("late-receipt", message)?.delayMs ?? 0;
      this.#later(() => this.#begin(message), this.#options.delayMs + late);
    }
  }

  /** Calls back at once and waits for the answer to the first try. */
  async callNow(messages: readonly TakenMessage[]): Promise<void> {
    for (const message of messages) if (message.callbackUrl !== undefined) await this.#begin(message);
  }

  stop(): void {
    this.#stopping.abort();
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  async #begin(message: TakenMessage): Promise<void> {
    const { callbackUrl: url = "" } = message;
    const { take } = this.#options;
    if (take("forged-receipt", message) !== undefined) {
      // The same word from somebody who does not know the way: it must not count.
      const forged = url.replace(/[^/]+$/, (last) =>
        createHash("sha256").update(last).digest("base64url").slice(0, 22),
      );
      const callback = this.#callbackFor({ ...message }, "undeliverable");
      if (callback !== undefined) await this.#post(forged, callback);
    }
    if (take("stray-receipt", message) !== undefined) {
      const callback = this.#callbackFor({ ...message, id: `unknown-${message.id}` }, "undeliverable");
      if (callback !== undefined) await this.#post(url, callback);
    }
    const callback = this.#callbackFor(message, outcomeOf(message.to));
    if (callback === undefined) return;
    this.#callbacks += 1;
    await this.#call(url, callback, 0);
    if (take("double-receipt", message) !== undefined) await this.#call(url, callback, 0);
  }

  #callbackFor(message: TakenMessage, outcome: Outcome): Callback | undefined {
    const { dialect, tools } = this.#options;
    return dialect.callbackFor?.([message], outcome, tools);
  }

  async #call(url: string, callback: Callback, tries: number): Promise<void> {
    const isTaken = await this.#post(url, callback);
    if (this.#stopping.signal.aborted) return;
    if (isTaken) this.#taken += 1;
    else {
      this.#refused += 1;
      if (tries < maxTries) {
        this.#later(() => this.#call(url, callback, tries + 1), this.#options.retryMs * 2 ** tries);
      }
    }
  }

  async #post(url: string, { headers, body }: Callback): Promise<boolean> {
    try {
      const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(answerMs)]);
      const response = await fetch(url, { method: "POST", headers: { ...headers }, body, signal });
      await response.arrayBuffer();
      return response.ok;
    } catch {
      return false;
    }
  }

  #later(run: () => Promise<void>, delayMs: number): void {
    const timer = this.#options.clock.setTimeout(() => {
      this.#timers.delete(timer);
      void run();
    }, delayMs);
    this.#timers.add(timer);
  }
}

/** By the last digits, as the SMSC simulator does. */
function outcomeOf(number: string): Outcome {
  if (number.endsWith("99001")) return "undeliverable";
  if (number.endsWith("99002")) return "expired";
  return number.endsWith("99003") ? "rejected" : "delivered";
}

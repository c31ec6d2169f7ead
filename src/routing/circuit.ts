/**
 * A gateway's circuit. It opens when too many recent attempts failed, or when a few in a row met nothing but silence; then it lets single
 * probes through, and closes when they succeed. What a recipient's own number caused is never reported to it. Time comes in as milliseconds
 * that never go back.
 */

export interface CircuitSettings {
  /** Length of the rolling window in milliseconds. */
  readonly windowMs: number;
  /** Outcomes in the window below which it never opens. */
  readonly minimumCount: number;
  /** Share of failures, 0 to 1, from which it opens. */
  readonly failureRatio: number;
  /** Attempts in a row that end unanswered, with no answer to anything since they began, from which it opens below `minimumCount` too. */
  readonly silentCount: number;
  /** How long it stays open the first time; doubles with each failed probe. */
  readonly openMs: number;
  readonly maxOpenMs: number;
  /** Probes that may be under way at once while it is half open and one has succeeded; before that it is one. */
  readonly probeLimit: number;
  /** Successes in a row that close it. */
  readonly probesToClose: number;
}

export const defaultCircuitSettings: CircuitSettings = {
  windowMs: 30_000,
  minimumCount: 20,
  failureRatio: 0.5,
  silentCount: 3,
  openMs: 10_000,
  maxOpenMs: 30_000,
  probeLimit: 2,
  probesToClose: 4,
};

export type CircuitState =
  | { readonly kind: "closed" }
  | { readonly kind: "open"; readonly reason: string; readonly untilMs: number }
  | { readonly kind: "half_open"; readonly reason: string };

const slotCount = 10;
const closed: CircuitState = { kind: "closed" };

export class Circuit {
  readonly #settings: CircuitSettings;
  readonly #slotMs: number;
  readonly #successes = new Array<number>(slotCount).fill(0);
  readonly #failures = new Array<number>(slotCount).fill(0);
  readonly #countedCauses = new WeakSet<object>();
  #slot = 0;
  /** Times that something was answered. */
  #heard = 0;
  /** Attempts that ended unanswered since. */
  #silent = 0;
  #state: CircuitState = closed;
  #openMs: number;
  /** Times it became half open. */
  #trials = 0;
  #probesUnderWay = 0;
  #probeSuccesses = 0;

  constructor(settings: CircuitSettings) {
    this.#settings = settings;
    this.#slotMs = settings.windowMs / slotCount;
    this.#openMs = settings.openMs;
  }

  /** The state at `nowMs`; an open circuit becomes half open by time alone. */
  state(nowMs: number): CircuitState {
    if (this.#state.kind === "open" && nowMs >= this.#state.untilMs) {
      this.#state = { kind: "half_open", reason: this.#state.reason };
      this.#trials++;
      this.#probesUnderWay = 0;
      this.#probeSuccesses = 0;
    }
    return this.#state;
  }

  /** How many attempts may start now. */
  places(nowMs: number): number {
    switch (this.state(nowMs).kind) {
      case "closed":
        return Number.POSITIVE_INFINITY;
      case "open":
        return 0;
      case "half_open":
        return Math.max(0, this.#probeLimit - this.#probesUnderWay);
    }
  }

  /** One at a time goes into what may still be silence. */
  get #probeLimit(): number {
    return this.#probeSuccesses === 0 ? 1 : this.#settings.probeLimit;
  }

  /** Grows with each answer: its value when an attempt begins tells, at the end, whether anything was answered meanwhile. */
  get heard(): number {
    return this.#heard;
  }

  /** The gateway answered something, whatever it said. */
  hear(): void {
    this.#heard++;
    this.#silent = 0;
  }

  /** To be called when an attempt starts; its end must be reported by `record`, with the trial that is returned here. */
  begin(): number | undefined {
    if (this.#state.kind !== "half_open") return undefined;
    this.#probesUnderWay++;
    return this.#trials;
  }

  /**
   * The end of an attempt: `neutral` where it says nothing about the gateway (recipient refused, throttled, unsent). Of failures with the
   * same `cause`, such as a lost session that took many attempts with it, the window counts the first; a probe fails in any case. While it
   * is half open only the probes of this trial count: attempts that began before it opened tell what was, not what is. `heardBefore` is
   * what `heard` was when the attempt began. A failure during which nothing was answered, and that no lost session explains, met silence: a
   * silent gateway is sent so little that the window alone would never fill.
   */
  record(
    outcome: "success" | "failure" | "neutral",
    nowMs: number,
    {
      trial,
      cause,
      heardBefore,
    }: {
      readonly trial?: number | undefined;
      readonly cause?: { readonly kind: string } | undefined;
      readonly heardBefore?: number | undefined;
    } = {},
  ): void {
    const state = this.state(nowMs);
    if (state.kind === "half_open") {
      if (trial === this.#trials) this.#recordProbe(outcome, nowMs, state.reason);
    } else if (state.kind === "closed" && outcome !== "neutral") {
      if (outcome === "failure" && cause !== undefined) {
        if (this.#countedCauses.has(cause)) return;
        this.#countedCauses.add(cause);
      }
      this.#recordInWindow(outcome, nowMs);
      if (outcome === "failure" && cause?.kind !== "lost" && heardBefore === this.#heard)
        this.#noteSilence(nowMs);
    }
  }

  /** Closes it by hand and forgets the window. */
  reset(): void {
    this.#state = closed;
    this.#openMs = this.#settings.openMs;
    this.#forget();
  }

  #recordProbe(outcome: "success" | "failure" | "neutral", nowMs: number, reason: string): void {
    this.#probesUnderWay = Math.max(0, this.#probesUnderWay - 1);
    if (outcome === "failure") {
      this.#openMs = Math.min(this.#openMs * 2, this.#settings.maxOpenMs);
      this.#state = { kind: "open", reason, untilMs: nowMs + this.#openMs };
    } else if (outcome === "success" && ++this.#probeSuccesses >= this.#settings.probesToClose) {
      this.reset();
    }
  }

  #recordInWindow(outcome: "success" | "failure", nowMs: number): void {
    this.#moveTo(Math.floor(nowMs / this.#slotMs));
    const at = this.#slot % slotCount;
    const counts = outcome === "success" ? this.#successes : this.#failures;
    counts[at] = (counts[at] ?? 0) + 1;
    if (outcome === "success") return;
    const failures = sum(this.#failures);
    const total = failures + sum(this.#successes);
    if (total < this.#settings.minimumCount || failures < total * this.#settings.failureRatio) return;
    this.#open(`${failures} of the last ${total} attempts failed`, nowMs);
  }

  #noteSilence(nowMs: number): void {
    this.#silent++;
    if (this.#state.kind !== "closed" || this.#silent < this.#settings.silentCount) return;
    this.#open(`the last ${this.#silent} attempts were not answered, nor was anything else`, nowMs);
  }

  #open(reason: string, nowMs: number): void {
    this.#state = { kind: "open", reason, untilMs: nowMs + this.#openMs };
    this.#forget();
  }

  #forget(): void {
    this.#successes.fill(0);
    this.#failures.fill(0);
    this.#silent = 0;
  }

  #moveTo(slot: number): void {
    const steps = Math.min(slot - this.#slot, slotCount);
    for (let i = 1; i <= steps; i++) {
      const at = (this.#slot + i) % slotCount;
      this.#successes[at] = 0;
      this.#failures[at] = 0;
    }
    if (steps === slotCount) {
      this.#successes.fill(0);
      this.#failures.fill(0);
    }
    this.#slot = Math.max(this.#slot, slot);
  }
}

function sum(counts: readonly number[]): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}

/** One lane of concurrency of an HTTP gateway: so many calls of it are unanswered at once. Replicas divide a gateway by its lanes, as by sessions. */
import type { Clock } from "../../observability/clock.ts";
import type { SubmissionRun } from "../submission-run.ts";
import type { SubmitSession } from "../submitter.ts";

export interface LaneOptions {
  readonly slot: number;
  readonly window: number;
  readonly clock: Clock;
  /** Whether the gateway can send now. */
  readonly isOpen: () => boolean;
  /** Calls that it may begin beside its window; infinite as a rule. */
  readonly spare: (lane: LaneOfCalls) => number;
  readonly send: (run: SubmissionRun, number: number, lane: LaneOfCalls, nowMs: number) => void;
}

export class LaneOfCalls implements SubmitSession {
  readonly slot: number;
  readonly #options: LaneOptions;
  readonly #aborts = new Set<() => void>();
  #window: number;
  #inFlight = 0;
  #isClosing = false;
  #whenIdle: (() => void)[] = [];

  constructor(options: LaneOptions) {
    this.slot = options.slot;
    this.#options = options;
    this.#window = options.window;
  }

  get canSubmit(): boolean {
    return !this.#isClosing && this.#options.isOpen();
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  get free(): number {
    return Math.max(0, Math.min(this.#window - this.#inFlight, this.#options.spare(this)));
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  resize(window: number): void {
    this.#window = window;
  }

  write(run: SubmissionRun, nowMs: number): void {
    const number = run.nextPart;
    if (number === undefined) return;
    run.next += 1;
    this.#options.send(run, number, this, nowMs);
  }

  begin(): void {
    this.#inFlight += 1;
  }

  finish(): void {
    this.#inFlight -= 1;
    if (this.#inFlight === 0) for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  /** `abort` is called where the lane gives up waiting. */
  watch(abort: () => void): () => void {
    this.#aborts.add(abort);
    return () => this.#aborts.delete(abort);
  }

  /** Takes nothing more, waits for what is unanswered and gives it up after `graceMs`. */
  async close(graceMs: number): Promise<void> {
    this.#isClosing = true;
    if (this.#inFlight === 0) return;
    const idle = new Promise<void>((resolve) => this.#whenIdle.push(resolve));
    const timer = this.#options.clock.setTimeout(() => {
      for (const abort of [...this.#aborts]) abort();
    }, graceMs);
    await idle;
    timer.cancel();
  }
}

/**
 * Notices a dead link (P20): after a silence it asks the peer with enquire_link, and gives the link up when several
 * questions in a row go unanswered. Any PDU from the peer proves the link. It begins with `start`, once the link is bound: before, a
 * peer may ignore whatever else it is asked (SMPP 3.4 §2.2).
 */
import type { Clock, Timer } from "../observability/clock.ts";

export interface LinkWatchOptions {
  readonly clock: Clock;
  /** Silence after which the peer is asked; 0 never asks. */
  readonly intervalMs: number;
  /** How long an answer may take. */
  readonly answerMs: number;
  /** Unanswered questions in a row after which the link is dead. */
  readonly missLimit: number;
  readonly ask: () => void;
  readonly onDead: () => void;
}

export class LinkWatch {
  readonly #options: LinkWatchOptions;
  #timer: Timer | undefined;
  #heardAt: number;
  #askedAt: number | undefined;
  #misses = 0;
  #isStarted = false;

  constructor(options: LinkWatchOptions) {
    this.#options = options;
    this.#heardAt = options.clock.monotonic();
  }

  /** Begins to watch; harmless when repeated. */
  start(): void {
    this.#isStarted = true;
    this.resume();
  }

  /** Ends the watch for good. */
  stop(): void {
    this.#isStarted = false;
    this.pause();
  }

  /** Notes that a PDU came. */
  heard(): void {
    this.#heardAt = this.#options.clock.monotonic();
    this.#askedAt = undefined;
    this.#misses = 0;
  }

  /** Stops watching while nothing is read, since an answer could not be seen. */
  pause(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Watches again; the silence until now does not count. */
  resume(): void {
    if (!this.#isStarted || this.#timer !== undefined || this.#options.intervalMs === 0) return;
    this.heard();
    this.#wait(this.#options.intervalMs);
  }

  #wait(delayMs: number): void {
    this.#timer = this.#options.clock.setTimeout(() => this.#look(), delayMs);
  }

  #look(): void {
    const { clock, intervalMs, answerMs, missLimit, ask, onDead } = this.#options;
    this.#timer = undefined;
    const silentMs = clock.monotonic() - this.#heardAt;
    if (this.#askedAt === undefined && silentMs < intervalMs) {
      this.#wait(intervalMs - silentMs);
      return;
    }
    if (this.#askedAt !== undefined && ++this.#misses >= missLimit) {
      onDead();
      return;
    }
    this.#askedAt = clock.monotonic();
    this.#wait(answerMs);
    ask();
  }
}

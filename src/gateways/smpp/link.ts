/**
 * Keeps one session alive: connects, and connects again after a jittered, growing wait (P20). Its gateway judges what a refused bind means;
 * where that is the end, the link stays down until somebody starts it again.
 */
import type { Clock, Timer } from "../../observability/clock.ts";
import type { Logger } from "../../observability/logger.ts";
import { commandStatusName } from "../../smpp/command-status.ts";
import { type Backoff, createBackoff } from "../backoff.ts";
import type { RefusalVerdict } from "./judge-refusal.ts";
import { type SessionEnd, type SessionOptions, SmppSession } from "./session.ts";

export interface LinkOptions extends Omit<SessionOptions, "onEnd"> {
  /** 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
  /** The session ended; `reason` says why. */
  readonly onDown: (session: SmppSession, reason: string) => void;
  /** Judges a refused bind, after `onDown`; never rejects. */
  readonly judgeRefusal: (commandStatus: number) => Promise<RefusalVerdict>;
  /** What the judge said is in effect: the next try comes in `delayMs`, or none where it is undefined. */
  readonly onRefused: (
    session: SmppSession,
    verdict: RefusalVerdict,
    reason: string,
    delayMs: number | undefined,
  ) => void;
}

export class Link {
  #options: LinkOptions;
  readonly #backoff: Backoff;
  readonly #clock: Clock;
  readonly #log: Logger;
  #session: SmppSession | undefined;
  #timer: Timer | undefined;
  #isStarted = false;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#log = options.log;
    const { reconnectMinMs, reconnectMaxMs } = options.settings;
    this.#backoff = createBackoff(reconnectMinMs, reconnectMaxMs, options.random);
  }

  get session(): SmppSession | undefined {
    return this.#session;
  }

  /** Connects and keeps connected; harmless when repeated. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#connect();
  }

  /** Somebody says that what stood in the way is gone: a link that waits tries at once. */
  hurry(): void {
    if (!this.#isStarted) return;
    this.#backoff.reset();
    this.#timer?.cancel();
    this.#connect();
  }

  /** Takes another window, for the present session and for those to come. */
  resize(window: number): void {
    this.#options = { ...this.#options, settings: { ...this.#options.settings, window } };
    this.#session?.resize(window);
  }

  /** Ends the session within `graceMs` and stays down until it is started again. */
  async stop(graceMs: number): Promise<void> {
    this.#isStarted = false;
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#session?.close(graceMs);
  }

  #connect(): void {
    this.#timer = undefined;
    // A session that is still closing makes place for the next by its end.
    if (!this.#isStarted || this.#session !== undefined) return;
    this.#session = new SmppSession({ ...this.#options, onEnd: (session, end) => this.#down(session, end) });
  }

  #down(session: SmppSession, end: SessionEnd): void {
    this.#session = undefined;
    if (end.kind === "refused") {
      const reason = `the bind was refused with ${commandStatusName(end.commandStatus)}`;
      this.#options.onDown(session, reason);
      if (this.#isStarted) void this.#retryAfter(session, end.commandStatus, reason);
      return;
    }
    if (end.hasWorked) this.#backoff.worked(this.#clock.monotonic());
    if (this.#isStarted) {
      const delayMs = this.#connectLater();
      this.#log.often.warn(
        { role: session.role, reason: end.reason, delayMs: Math.round(delayMs) },
        "The link is down.",
      );
    }
    this.#options.onDown(session, end.reason);
  }

  async #retryAfter(session: SmppSession, commandStatus: number, reason: string): Promise<void> {
    const verdict = await this.#options.judgeRefusal(commandStatus);
    // Meanwhile it may have been stopped, or started again.
    if (!this.#isStarted || this.#session !== undefined || this.#timer !== undefined) return;
    const delayMs =
      verdict.kind === "stop"
        ? undefined
        : this.#connectLater("maxDelayMs" in verdict ? verdict.maxDelayMs : undefined);
    this.#options.onRefused(session, verdict, reason, delayMs);
  }

  /** Answers the wait. */
  #connectLater(maxDelayMs?: number): number {
    const delayMs = this.#backoff.nextDelayMs(maxDelayMs);
    this.#timer = this.#clock.setTimeout(() => this.#connect(), delayMs);
    return delayMs;
  }
}

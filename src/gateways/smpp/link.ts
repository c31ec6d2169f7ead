/**
 * Keeps one session alive: connects, and connects again after a jittered, growing wait (P20). Only a refused account ends that
 * until somebody resumes it.
 */
import type { Clock, Timer } from "../../observability/clock.ts";
import type { Logger } from "../../observability/logger.ts";
import { commandStatusName } from "../../smpp/command-status.ts";
import { type Backoff, createBackoff } from "./backoff.ts";
import { classifyStatus, ESME_RALYBND } from "./classify-status.ts";
import { type SessionEnd, type SessionOptions, SmppSession } from "./session.ts";
import type { SmppGatewaySettings } from "./settings.ts";

export interface LinkOptions extends Omit<SessionOptions, "onEnd"> {
  /** 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
  /** The session went; `reason` says why, and the next connection is planned unless `isRefused`. */
  readonly onDown: (link: Link, session: SmppSession, reason: string, isRefused: boolean) => void;
}

export class Link {
  readonly #options: LinkOptions;
  readonly #backoff: Backoff;
  readonly #settings: SmppGatewaySettings;
  readonly #clock: Clock;
  readonly #log: Logger;
  #session: SmppSession | undefined;
  #timer: Timer | undefined;
  #isStarted = false;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#settings = options.settings;
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
    const isRefused = end.kind === "refused" && this.#isFinal(end.commandStatus);
    const reason =
      end.kind === "lost" ? end.reason : `the bind was refused with ${commandStatusName(end.commandStatus)}`;
    if (end.kind === "lost") this.#backoff.held(end.boundMs);
    if (this.#isStarted && !isRefused) {
      const delayMs = this.#backoff.nextDelayMs();
      this.#log.warn({ role: session.role, reason, delayMs: Math.round(delayMs) }, "The link is down.");
      this.#timer = this.#clock.setTimeout(() => this.#connect(), delayMs);
    }
    this.#options.onDown(this, session, reason, isRefused);
  }

  /** Whether trying again would be refused again: a wrong account, but not one that is bound elsewhere. */
  #isFinal(commandStatus: number): boolean {
    return (
      commandStatus !== ESME_RALYBND && classifyStatus(commandStatus, this.#settings.statusClass) === "bind"
    );
  }
}

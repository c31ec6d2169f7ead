/**
 * Whether a provider can be called: it can be connected to, has not asked to be left alone, and takes our account. HTTP has no session that
 * would tell; what calls meet does, and where none can be made, a connection that is opened and closed again.
 */
import type { Clock, Timer } from "../../observability/clock.ts";
import type { Logger } from "../../observability/logger.ts";
import type { Backoff } from "../backoff.ts";
import type { GatewayStatus } from "../gateway.ts";

export interface AvailabilityOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly backoff: Backoff;
  /** Connects and closes; answers why that failed. */
  readonly probe: () => Promise<string | undefined>;
  readonly onChange: () => void;
}

/** Calls in a row that could not be made. */
const unsentLimit = 3;
const ready: GatewayStatus = { kind: "ready" };

export class Availability {
  readonly #options: AvailabilityOptions;
  #status: GatewayStatus = { kind: "connecting", reason: "not started" };
  #unsent = 0;
  #timer: Timer | undefined;
  /** Counts what begins a probe or a wait, so that the end of an earlier one says nothing. */
  #turn = 0;
  #heldUntilMs = 0;
  #isOnTrial = false;
  #isClosed = false;

  constructor(options: AvailabilityOptions) {
    this.#options = options;
  }

  get status(): GatewayStatus {
    return this.#status;
  }

  /** After a refusal of the account one call is made by itself, to see. */
  get isOnTrial(): boolean {
    return this.#isOnTrial;
  }

  start(): void {
    this.#connect("starting");
  }

  /** Tries at once what it waits for; after a stop too. */
  resume(): void {
    if (this.#isClosed || this.#status.kind === "ready") return;
    this.#options.backoff.reset();
    this.#connect("resumed");
  }

  /** A call was written. */
  noteWritten(): void {
    this.#unsent = 0;
  }

  /** A call could not be made, for want of a connection. */
  noteUnsent(reason: string): void {
    this.#unsent += 1;
    if (this.#unsent >= unsentLimit && this.#status.kind === "ready") this.#connect(reason);
  }

  /** The account is taken. */
  noteTaken(): void {
    this.#isOnTrial = false;
  }

  /** Nothing is sent for so long; of several such words the longest holds. */
  hold(reason: string, delayMs: number, isOnTrial: boolean): void {
    if (this.#isClosed || (this.#status.kind !== "ready" && this.#status.kind !== "held")) return;
    const { clock, log } = this.#options;
    this.#isOnTrial ||= isOnTrial;
    const untilMs = clock.monotonic() + delayMs;
    if (this.#status.kind === "held" && untilMs <= this.#heldUntilMs) return;
    this.#heldUntilMs = untilMs;
    log.often.warn({ reason, delayMs: Math.round(delayMs) }, "The provider is left alone for a while.");
    const turn = this.#begin();
    this.#timer = clock.setTimeout(() => {
      if (turn === this.#turn) this.#set(ready);
    }, delayMs);
    this.#set({ kind: "held", reason });
  }

  /** Our credentials are refused: nothing is tried until somebody resumes it (P20). */
  stop(reason: string): void {
    if (this.#isClosed || this.#status.kind === "stopped") return;
    this.#begin();
    this.#options.log.error({ reason }, "The gateway is stopped until it is resumed.");
    this.#set({ kind: "stopped", reason });
  }

  close(): void {
    this.#isClosed = true;
    this.#begin();
    this.#set({ kind: "stopped", reason: "stopped" });
  }

  #connect(reason: string): void {
    this.#begin();
    this.#set({ kind: "connecting", reason });
    void this.#probe(this.#turn);
  }

  async #probe(turn: number): Promise<void> {
    const { clock, backoff, log } = this.#options;
    const reason = await this.#options.probe();
    if (turn !== this.#turn) return;
    if (reason === undefined) {
      this.#unsent = 0;
      backoff.worked(clock.monotonic());
      this.#set(ready);
      return;
    }
    const delayMs = backoff.nextDelayMs();
    log.often.warn({ reason, delayMs: Math.round(delayMs) }, "The provider cannot be reached.");
    this.#set({ kind: "connecting", reason });
    this.#timer = clock.setTimeout(() => void this.#probe(turn), delayMs);
  }

  #begin(): number {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#turn += 1;
    return this.#turn;
  }

  #set(status: GatewayStatus): void {
    const before = this.#status;
    this.#status = status;
    const isSame =
      before.kind === status.kind &&
      (before.kind === "ready" || status.kind === "ready" || before.reason === status.reason);
    if (!isSame) this.#options.onChange();
  }
}

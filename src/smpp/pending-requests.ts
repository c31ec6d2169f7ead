/**
 * The requests of one connection that wait for their answers: sequence numbers, deadlines, and the last ones that timed
 * out, so that a late answer still finds what it belongs to. One timer serves them all, however many there are.
 */
import { NumberTable } from "../memory/number-table.ts";
import type { Clock, Timer } from "../observability/clock.ts";
import type { CommandName } from "./pdu-layouts.ts";

/** Highest sequence_number (SMPP 3.4 §5.1.4); the next is 1. */
export const MAX_SEQUENCE_NUMBER = 0x7fffffff;

/** Timed out requests that are remembered for late answers; beyond, the oldest is forgotten. */
const MAX_LATE = 10_000;

export interface PendingRequest<Outcome> {
  readonly sequence_number: number;
  readonly command: CommandName;
  /** Whether it takes a place in the window; bind and unbind do not. */
  readonly inWindow: boolean;
  /** When it times out, in `activeMs` of the table. */
  readonly deadline: number;
  readonly settle: (outcome: Outcome) => void;
  /** Whether its octets were handed to the system. */
  written: boolean;
  settled: boolean;
}

export interface PendingRequestsOptions<Outcome> {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Called for each request whose deadline passed; it has left the table by then. */
  readonly onTimeout: (request: PendingRequest<Outcome>) => void;
}

export class PendingRequests<Outcome> {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #onTimeout: (request: PendingRequest<Outcome>) => void;
  readonly #waiting = new NumberTable<PendingRequest<Outcome>>();
  readonly #late = new Map<number, CommandName>();
  #lastSequence = 0;
  #inWindow = 0;
  #isUnanswered = false;
  #timer: Timer | undefined;
  /** When the timer fires, in `activeMs`. */
  #timerDue = 0;
  #pausedAt: number | undefined;
  #pausedMs = 0;

  constructor(options: PendingRequestsOptions<Outcome>) {
    this.#clock = options.clock;
    this.#timeoutMs = options.timeoutMs;
    this.#onTimeout = options.onTimeout;
  }

  /** Requests that take a place in the window. */
  get inWindow(): number {
    return this.#inWindow;
  }

  /** A request of the window was overdue, and nothing that was sent has been answered since. */
  get isUnanswered(): boolean {
    return this.#isUnanswered;
  }

  /** The next sequence_number that nothing still uses. */
  nextSequence(): number {
    do {
      this.#lastSequence = this.#lastSequence >= MAX_SEQUENCE_NUMBER ? 1 : this.#lastSequence + 1;
    } while (this.#waiting.has(this.#lastSequence) || this.#late.has(this.#lastSequence));
    return this.#lastSequence;
  }

  /** Continues counting after `sequence_number`. */
  startAfter(sequence_number: number): void {
    this.#lastSequence = sequence_number;
  }

  /** `timeoutMs` is the table's own unless it is given. */
  add(
    sequence_number: number,
    command: CommandName,
    inWindow: boolean,
    settle: (outcome: Outcome) => void,
    timeoutMs: number = this.#timeoutMs,
  ): PendingRequest<Outcome> {
    const deadline = this.#activeMs() + timeoutMs;
    const request = { sequence_number, command, inWindow, deadline, settle, written: false, settled: false };
    this.#waiting.set(sequence_number, request);
    if (inWindow) this.#inWindow++;
    if (this.#timer !== undefined && deadline < this.#timerDue) this.#disarm();
    this.#arm();
    return request;
  }

  /** The command that waits under a sequence number, or timed out under it. */
  commandOf(sequence_number: number): CommandName | undefined {
    return this.#waiting.get(sequence_number)?.command ?? this.#late.get(sequence_number);
  }

  /** Takes a waiting request out; the caller settles it. */
  take(sequence_number: number): PendingRequest<Outcome> | undefined {
    const request = this.#waiting.get(sequence_number);
    if (request !== undefined) {
      this.#remove(request);
      this.#isUnanswered = false;
    }
    return request;
  }

  /** Takes out a request that will not be written; the caller settles it. */
  withdraw(request: PendingRequest<Outcome>): void {
    if (!request.settled) this.#remove(request);
  }

  /** Takes out what has not been handed to the system; the caller settles it. */
  takeUnwritten(): readonly PendingRequest<Outcome>[] {
    const unwritten = this.#byDeadline().filter(({ written }) => !written);
    for (const request of unwritten) this.#remove(request);
    return unwritten;
  }

  /** Forgets a request that timed out; answers whether there was one. */
  takeLate(sequence_number: number): boolean {
    const wasLate = this.#late.delete(sequence_number);
    if (wasLate) this.#isUnanswered = false;
    return wasLate;
  }

  /** Stops deadlines from passing while nothing is read: an answer may be waiting in the socket. */
  pause(): void {
    this.#pausedAt ??= this.#clock.monotonic();
    this.#disarm();
  }

  resume(): void {
    if (this.#pausedAt === undefined) return;
    this.#pausedMs += this.#clock.monotonic() - this.#pausedAt;
    this.#pausedAt = undefined;
    this.#arm();
  }

  /** Empties the table and answers what was in it. */
  drain(): readonly PendingRequest<Outcome>[] {
    const all = this.#byDeadline();
    for (const request of all) this.#remove(request);
    this.#late.clear();
    this.#disarm();
    return all;
  }

  #byDeadline(): readonly PendingRequest<Outcome>[] {
    return [...this.#waiting.values()].sort(
      (left, right) => left.deadline - right.deadline || left.sequence_number - right.sequence_number,
    );
  }

  #remove(request: PendingRequest<Outcome>): void {
    this.#waiting.delete(request.sequence_number);
    request.settled = true;
    if (request.inWindow) this.#inWindow--;
  }

  /** Time in which answers could be read. */
  #activeMs(): number {
    return (this.#pausedAt ?? this.#clock.monotonic()) - this.#pausedMs;
  }

  #arm(): void {
    if (this.#timer !== undefined || this.#pausedAt !== undefined) return;
    let first = Number.POSITIVE_INFINITY;
    for (const { deadline } of this.#waiting.values()) first = Math.min(first, deadline);
    if (first === Number.POSITIVE_INFINITY) return;
    this.#timerDue = first;
    this.#timer = this.#clock.setTimeout(() => this.#sweep(), Math.max(1, first - this.#activeMs()));
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #sweep(): void {
    this.#timer = undefined;
    const now = this.#activeMs();
    for (const request of this.#byDeadline()) {
      if (request.deadline > now) break;
      this.#remove(request);
      if (request.written) {
        this.#expectLate(request);
        if (request.inWindow) this.#isUnanswered = true;
      }
      this.#onTimeout(request);
    }
    this.#arm();
  }

  #expectLate(request: PendingRequest<Outcome>): void {
    this.#late.set(request.sequence_number, request.command);
    const oldest = this.#late.keys().next().value;
    if (this.#late.size > MAX_LATE && oldest !== undefined) this.#late.delete(oldest);
  }
}

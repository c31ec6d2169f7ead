/**
 * The window of one session: parts written and unanswered, oldest first. After the response timeout a part gives its place free
 * but may still be answered until the hold is over (P12). All deadlines follow one order, so that one timer serves them all.
 */
import type { Clock, Timer } from "../../observability/clock.ts";
import type { WrittenPart } from "./submission-run.ts";

export interface WindowOptions {
  readonly size: number;
  readonly responseTimeoutMs: number;
  readonly holdMs: number;
  readonly clock: Clock;
  /** The response timeout of a part has passed; a late answer may still come. */
  readonly onOverdue: (part: WrittenPart) => void;
  /** The hold has passed as well. */
  readonly onAmbiguous: (part: WrittenPart) => void;
}

export class Window {
  readonly #options: WindowOptions;
  readonly #unanswered = new Map<number, WrittenPart>();
  readonly #overdue = new Map<number, WrittenPart>();
  #timer: Timer | undefined;
  #pausedAtMs: number | undefined;
  #pausedTotalMs = 0;

  constructor(options: WindowOptions) {
    this.#options = options;
  }

  /** Written and unanswered, without the overdue ones. */
  get inFlight(): number {
    return this.#unanswered.size;
  }

  get free(): number {
    return Math.max(0, this.#options.size - this.#unanswered.size);
  }

  get isEmpty(): boolean {
    return this.#unanswered.size === 0 && this.#overdue.size === 0;
  }

  has(sequence: number): boolean {
    return this.#unanswered.has(sequence) || this.#overdue.has(sequence);
  }

  add(part: WrittenPart): void {
    part.deadlineMs = this.#nowMs() + this.#options.responseTimeoutMs;
    this.#unanswered.set(part.sequence, part);
    if (this.#timer === undefined) this.#arm();
  }

  /** Takes out the part that a response belongs to; undefined where nothing waits for it. */
  take(sequence: number): WrittenPart | undefined {
    const part = this.#unanswered.get(sequence);
    if (part !== undefined) {
      this.#unanswered.delete(sequence);
      return part;
    }
    const late = this.#overdue.get(sequence);
    this.#overdue.delete(sequence);
    return late;
  }

  /** Stops the clock of the deadlines while the socket is not read: an answer may lie unread. */
  pause(): void {
    this.#pausedAtMs ??= this.#options.clock.monotonic();
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  resume(): void {
    if (this.#pausedAtMs === undefined) return;
    this.#pausedTotalMs += this.#options.clock.monotonic() - this.#pausedAtMs;
    this.#pausedAtMs = undefined;
    this.#arm();
  }

  /** Empties the window; what it held comes back in the order of writing (P18). */
  close(): readonly WrittenPart[] {
    this.#timer?.cancel();
    this.#timer = undefined;
    const parts = [...this.#overdue.values(), ...this.#unanswered.values()];
    this.#overdue.clear();
    this.#unanswered.clear();
    return parts;
  }

  #nowMs(): number {
    return (this.#pausedAtMs ?? this.#options.clock.monotonic()) - this.#pausedTotalMs;
  }

  #arm(): void {
    if (this.#pausedAtMs !== undefined) return;
    const unanswered = this.#unanswered.values().next().value?.deadlineMs;
    const overdue = this.#overdue.values().next().value?.deadlineMs;
    const first = Math.min(unanswered ?? Number.POSITIVE_INFINITY, overdue ?? Number.POSITIVE_INFINITY);
    this.#timer = Number.isFinite(first)
      ? this.#options.clock.setTimeout(this.#expire, Math.max(1, first - this.#nowMs()))
      : undefined;
  }

  readonly #expire = (): void => {
    this.#timer = undefined;
    const nowMs = this.#nowMs();
    for (const part of due(this.#overdue, nowMs)) this.#options.onAmbiguous(part);
    for (const part of due(this.#unanswered, nowMs)) {
      part.deadlineMs = nowMs + this.#options.holdMs;
      this.#overdue.set(part.sequence, part);
      this.#options.onOverdue(part);
    }
    if (this.#timer === undefined) this.#arm();
  };
}

/** Takes the parts whose deadline has passed out of `parts`. */
function due(parts: Map<number, WrittenPart>, nowMs: number): readonly WrittenPart[] {
  const found: WrittenPart[] = [];
  for (const part of parts.values()) {
    if (part.deadlineMs > nowMs) break;
    found.push(part);
  }
  for (const part of found) parts.delete(part.sequence);
  return found;
}

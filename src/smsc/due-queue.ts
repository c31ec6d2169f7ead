/** Runs things at their times: a heap and one timer, so that a hundred thousand waiting receipts cost no timer each. */
import type { Clock, Timer } from "../observability/clock.ts";

interface Entry {
  readonly dueMs: number;
  /** Keeps what is due at the same time in the order in which it was added. */
  readonly order: number;
  readonly run: () => void;
}

/** Entries run before other work gets its turn. */
const BATCH = 1_000;

function isBefore(a: Entry, b: Entry): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}

export class DueQueue {
  readonly #clock: Clock;
  readonly #heap: Entry[] = [];
  #order = 0;
  #timer: Timer | undefined;
  #armedFor = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** Runs `run` after `delayMs`, never before this call returns. */
  add(delayMs: number, run: () => void): void {
    const entry = { dueMs: this.#clock.monotonic() + Math.max(0, delayMs), order: this.#order++, run };
    this.#siftUp(entry);
    if (entry.dueMs < this.#armedFor) this.#arm();
  }

  /** Forgets everything. */
  clear(): void {
    this.#heap.length = 0;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
  }

  #arm(): void {
    const first = this.#heap[0];
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#armedFor = first?.dueMs ?? Number.POSITIVE_INFINITY;
    if (first === undefined) return;
    const delayMs = Math.max(0, Math.ceil(first.dueMs - this.#clock.monotonic()));
    this.#timer = this.#clock.setTimeout(() => this.#runDue(), delayMs);
  }

  #runDue(): void {
    const now = this.#clock.monotonic();
    for (let i = 0; i < BATCH; i++) {
      const first = this.#heap[0];
      if (first === undefined || first.dueMs > now) break;
      this.#removeFirst();
      first.run();
    }
    this.#arm();
  }

  #siftUp(entry: Entry): void {
    let at = this.#heap.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = this.#heap[above];
      if (parent === undefined || isBefore(parent, entry)) break;
      this.#heap[at] = parent;
      at = above;
    }
    this.#heap[at] = entry;
  }

  #removeFirst(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      let child = this.#heap[below];
      if (child === undefined) break;
      const right = this.#heap[below + 1];
      if (right !== undefined && isBefore(right, child)) {
        child = right;
        below++;
      }
      if (isBefore(last, child)) break;
      this.#heap[at] = child;
      at = below;
    }
    this.#heap[at] = last;
  }
}

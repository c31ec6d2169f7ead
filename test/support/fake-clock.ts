/** A clock that stands still until a test advances it; timers fire in the order of their times. */
import type { Clock, Timer } from "../../src/observability/clock.ts";

interface Waiting {
  readonly order: number;
  readonly fn: () => void;
  readonly everyMs: number | undefined;
  due: number;
}

export interface FakeClock extends Clock {
  /** Moves time forward and fires what falls due on the way, each at its own time. */
  advance(byMs: number): void;
  /** Timers that are waiting; a test that stops everything expects none. */
  readonly waiting: number;
}

/** Makes a clock that shows `startMs` (default 2024-01-01T00:00:00Z). */
export function createFakeClock(startMs = Date.UTC(2024, 0, 1)): FakeClock {
  const timers = new Set<Waiting>();
  let elapsed = 0;
  let count = 0;

  function start(fn: () => void, delayMs: number, everyMs: number | undefined): Timer {
    const entry: Waiting = { order: count++, fn, everyMs, due: elapsed + Math.max(0, delayMs) };
    timers.add(entry);
    const timer: Timer = {
      cancel: () => {
        timers.delete(entry);
      },
      unref: () => timer,
    };
    return timer;
  }

  function nextDueBy(limit: number): Waiting | undefined {
    let first: Waiting | undefined;
    for (const entry of timers) {
      if (entry.due > limit) continue;
      if (
        first === undefined ||
        entry.due < first.due ||
        (entry.due === first.due && entry.order < first.order)
      ) {
        first = entry;
      }
    }
    return first;
  }

  return {
    now: () => startMs + elapsed,
    monotonic: () => elapsed,
    setTimeout: (fn, delayMs) => start(fn, delayMs, undefined),
    setInterval: (fn, intervalMs) => start(fn, intervalMs, Math.max(1, intervalMs)),
    advance(byMs) {
      const target = elapsed + byMs;
      for (let entry = nextDueBy(target); entry !== undefined; entry = nextDueBy(target)) {
        elapsed = entry.due;
        if (entry.everyMs === undefined) timers.delete(entry);
        else entry.due += entry.everyMs;
        entry.fn();
      }
      elapsed = target;
    },
    get waiting() {
      return timers.size;
    },
  };
}

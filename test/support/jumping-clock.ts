/**
 * The machine's clock with a lever: time runs as usual, and a test can jump ahead in it, so that what takes minutes or hours over
 * real sockets takes no time. What falls due on the way fires once, as after a sleep of the machine.
 */
import { type Clock, systemClock, type Timer } from "../../src/observability/clock.ts";

interface Entry {
  readonly fn: () => void;
  readonly everyMs: number | undefined;
  dueMs: number;
  timer: Timer;
}

export interface JumpingClock extends Clock {
  /** Moves time ahead and fires what fell due, in the order of the due times. */
  jump(byMs: number): void;
}

/** Makes a clock that shows the machine's time until the first jump. */
export function createJumpingClock(): JumpingClock {
  const entries = new Set<Entry>();
  let aheadMs = 0;
  const monotonic = () => systemClock.monotonic() + aheadMs;

  function arm(entry: Entry): void {
    entry.timer = systemClock.setTimeout(() => fire(entry), Math.max(0, entry.dueMs - monotonic()));
  }

  function fire(entry: Entry): void {
    if (!entries.has(entry)) return;
    if (entry.everyMs === undefined) {
      entries.delete(entry);
    } else {
      entry.dueMs = monotonic() + entry.everyMs;
      arm(entry);
    }
    entry.fn();
  }

  function start(fn: () => void, delayMs: number, everyMs: number | undefined): Timer {
    const dueMs = monotonic() + delayMs;
    const entry: Entry = { fn, everyMs, dueMs, timer: systemClock.setTimeout(() => fire(entry), delayMs) };
    entries.add(entry);
    const timer: Timer = {
      cancel() {
        entries.delete(entry);
        entry.timer.cancel();
      },
      unref() {
        entry.timer.unref();
        return timer;
      },
    };
    return timer;
  }

  return {
    now: () => systemClock.now() + aheadMs,
    monotonic,
    setTimeout: (fn, delayMs) => start(fn, delayMs, undefined),
    setInterval: (fn, intervalMs) => start(fn, intervalMs, Math.max(1, intervalMs)),
    jump(byMs) {
      aheadMs += byMs;
      const nowMs = monotonic();
      const waiting = [...entries].toSorted((one, other) => one.dueMs - other.dueMs);
      for (const entry of waiting) {
        entry.timer.cancel();
        if (entry.dueMs <= nowMs) fire(entry);
        else arm(entry);
      }
    },
  };
}

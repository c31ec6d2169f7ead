/**
 * The clock of what is stored: every time that is written or compared with a stored one. On a store of one process it is the machine's.
 * Replicas on one database all take the database's, carried on by their monotonic clock between two readings, so that a machine whose clock
 * is wrong does no harm (P60). After a jump, data is not judged by its age for a while.
 */
import type { Clock } from "./clock.ts";
import type { Logger } from "./logger.ts";

/** What another clock showed at some moment between two readings of our monotonic one. */
export interface ClockReading {
  readonly timeMs: number;
  readonly sentMs: number;
  readonly receivedMs: number;
}

export interface DataClock extends Clock {
  /** Takes what the database's clock showed; from the first reading on `now` follows it. */
  adopt(reading: ClockReading): void;
  /**
   * The time by which data may be ended or deleted for its age, looked at right now; undefined for ten minutes after a jump: only people
   * can tell whether the clock was wrong before or is now.
   */
  sweepTimeMs(): number | undefined;
  /** A moment of the machine's clock, such as the deadline of a call, by this one. */
  ofMachine(timeMs: number): number;
  /** How many times it jumped since the start. */
  readonly jumpCount: number;
}

const jumpMs = 60_000;
const holdMs = 10 * 60_000;

/** Makes it over the machine's clock, which it follows until something is adopted. */
export function createDataClock(machine: Clock, log: Logger): DataClock {
  /** Of this clock to the monotonic one. */
  let offsetMs = machine.now() - machine.monotonic();
  let isFollowing = false;
  let heldUntilMs = Number.NEGATIVE_INFINITY;
  let isHolding = false;
  let jumpCount = 0;

  function move(nextMs: number): void {
    const byMs = nextMs - offsetMs;
    offsetMs = nextMs;
    if (Math.abs(byMs) <= jumpMs) return;
    jumpCount += 1;
    heldUntilMs = machine.monotonic() + holdMs;
    isHolding = true;
    log.error(
      { jumpedBySeconds: Math.round(byMs / 1_000), isDatabase: isFollowing, holdSeconds: holdMs / 1_000 },
      "The clock jumped: nothing expires or is deleted for its age for ten minutes. Set it right until then, if it is wrong now.",
    );
  }

  function look(): void {
    if (!isFollowing) move(machine.now() - machine.monotonic());
  }

  // Whole milliseconds, as the machine's clock has them.
  const now = () => (isFollowing ? Math.floor(machine.monotonic() + offsetMs) : machine.now());

  return {
    now,
    monotonic: () => machine.monotonic(),
    setTimeout: (fn, delayMs) => machine.setTimeout(fn, delayMs),
    setInterval: (fn, intervalMs) => machine.setInterval(fn, intervalMs),
    adopt({ timeMs, sentMs, receivedMs }) {
      const [leastMs, mostMs] = [timeMs - receivedMs, timeMs - sentMs];
      if (!isFollowing) {
        isFollowing = true;
        offsetMs = (leastMs + mostMs) / 2;
        return;
      }
      // All that a reading proves is that the offset lies between the two: one that took long moves nothing that is in order.
      move(Math.min(Math.max(offsetMs, leastMs), mostMs));
    },
    sweepTimeMs() {
      look();
      if (machine.monotonic() < heldUntilMs) return undefined;
      if (isHolding) {
        isHolding = false;
        log.warn({}, "What is over expires and is deleted again: the clock has not jumped for ten minutes.");
      }
      return now();
    },
    ofMachine: (timeMs) => timeMs - machine.now() + now(),
    get jumpCount() {
      return jumpCount;
    },
  };
}

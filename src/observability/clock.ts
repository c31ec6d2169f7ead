/**
 * Time as a dependency: the one place that reads the system's clocks and makes timers. Everything else is handed a
 * `Clock`, so that tests can move time by hand.
 */

/** A timer that was started and can be stopped. */
export interface Timer {
  /** Stops the timer; harmless when it has fired or was cancelled before. */
  cancel(): void;
  /** Lets the process end while the timer is still waiting; answers the timer itself. */
  unref(): Timer;
}

export interface Clock {
  /** Milliseconds since the Unix epoch; may jump when the system's time is set. */
  now(): number;
  /** Milliseconds since some fixed point; never goes back. */
  monotonic(): number;
  /** Calls `fn` once after `delayMs`. */
  setTimeout(fn: () => void, delayMs: number): Timer;
  /** Calls `fn` every `intervalMs` until it is cancelled. */
  setInterval(fn: () => void, intervalMs: number): Timer;
}

function timerOf(handle: NodeJS.Timeout): Timer {
  const timer: Timer = {
    cancel: () => clearTimeout(handle),
    unref: () => {
      handle.unref();
      return timer;
    },
  };
  return timer;
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (fn, delayMs) => timerOf(setTimeout(fn, delayMs)),
  setInterval: (fn, intervalMs) => timerOf(setInterval(fn, intervalMs)),
};

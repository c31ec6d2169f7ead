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
  /** Calls `fn` once after `delayMs`, however long that is; never, where it is Infinity. */
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

/** The machine's timers count in 31 bits: what is asked to wait longer would fire after 1 ms. */
const longestTimerMs = 2 ** 31 - 1;

/** Waits in pieces that a timer can hold. */
function farTimer(fn: () => void, delayMs: number): Timer {
  let isReferenced = true;
  let piece: Timer;
  const wait = (leftMs: number) => {
    piece = timerOf(
      setTimeout(
        () => (leftMs <= longestTimerMs ? fn() : wait(leftMs - longestTimerMs)),
        Math.min(leftMs, longestTimerMs),
      ),
    );
    if (!isReferenced) piece.unref();
  };
  wait(delayMs);
  const timer: Timer = {
    cancel: () => piece.cancel(),
    unref: () => {
      isReferenced = false;
      piece.unref();
      return timer;
    },
  };
  return timer;
}

/** Repeats what one timer cannot hold. */
function farInterval(fn: () => void, intervalMs: number): Timer {
  let isReferenced = true;
  let next: Timer;
  const wait = () => {
    next = farTimer(() => {
      wait();
      fn();
    }, intervalMs);
    if (!isReferenced) next.unref();
  };
  wait();
  const timer: Timer = {
    cancel: () => next.cancel(),
    unref: () => {
      isReferenced = false;
      next.unref();
      return timer;
    },
  };
  return timer;
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (fn, delayMs) =>
    delayMs > longestTimerMs ? farTimer(fn, delayMs) : timerOf(setTimeout(fn, delayMs)),
  setInterval: (fn, intervalMs) =>
    intervalMs > longestTimerMs ? farInterval(fn, intervalMs) : timerOf(setInterval(fn, intervalMs)),
};

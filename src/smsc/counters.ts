/** What the simulator counts, and waiting until a count is reached. */

/** Totals since the start. */
export interface Counters {
  readonly connections: number;
  readonly binds: number;
  readonly bindsRefused: number;
  /** submit_sm and data_sm that came, of which some were accepted and the others refused. */
  readonly submits: number;
  readonly accepted: number;
  readonly refused: number;
  /** Responses to submits that were sent; fewer than submits while some are delayed or held back. */
  readonly answered: number;
  /** Accepted messages that have reached their last state. */
  readonly finished: number;
  readonly receiptsQueued: number;
  /** deliver_sm's sent with a receipt, repeated ones included. */
  readonly receiptsSent: number;
  readonly receiptsAcknowledged: number;
  /** Receipts sent again after a temporary refusal, silence, or a lost session. */
  readonly receiptsRetried: number;
  /** Receipts given up: refused for good, refused too often, or pushed out of a full queue. */
  readonly receiptsDropped: number;
  readonly handsetMessagesSent: number;
  readonly handsetMessagesAcknowledged: number;
  readonly queries: number;
  readonly cancels: number;
  readonly replaces: number;
  /** PDUs that could not be read, and answers that answer nothing. */
  readonly faults: number;
  /** Connections that ended, and those among them that did so without unbinding. */
  readonly closed: number;
  readonly drops: number;
}

export type CounterName = keyof Counters;

export interface CounterBoard {
  readonly counters: Counters;
  count(name: CounterName, by?: number): void;
  /** Resolves once `isReached` holds; rejects when `signal` aborts first. */
  waitUntil(isReached: (counters: Counters) => boolean, signal: AbortSignal | undefined): Promise<void>;
}

interface Waiter {
  readonly isReached: (counters: Counters) => boolean;
  readonly resolve: () => void;
}

export function createCounterBoard(): CounterBoard {
  const counters: { -readonly [N in CounterName]: number } = {
    connections: 0,
    binds: 0,
    bindsRefused: 0,
    submits: 0,
    accepted: 0,
    refused: 0,
    answered: 0,
    finished: 0,
    receiptsQueued: 0,
    receiptsSent: 0,
    receiptsAcknowledged: 0,
    receiptsRetried: 0,
    receiptsDropped: 0,
    handsetMessagesSent: 0,
    handsetMessagesAcknowledged: 0,
    queries: 0,
    cancels: 0,
    replaces: 0,
    faults: 0,
    closed: 0,
    drops: 0,
  };
  const waiters = new Set<Waiter>();

  function wake(): void {
    for (const waiter of waiters) {
      if (!waiter.isReached(counters)) continue;
      waiters.delete(waiter);
      waiter.resolve();
    }
  }

  return {
    counters,
    count(name, by = 1) {
      counters[name] += by;
      if (waiters.size > 0) wake();
    },
    waitUntil(isReached, signal) {
      return new Promise((resolve, reject) => {
        if (isReached(counters)) return resolve();
        if (signal?.aborted === true) return reject(signal.reason);
        const waiter: Waiter = {
          isReached,
          resolve: () => {
            signal?.removeEventListener("abort", abort);
            resolve();
          },
        };
        function abort(): void {
          waiters.delete(waiter);
          reject(signal?.reason);
        }
        signal?.addEventListener("abort", abort, { once: true });
        waiters.add(waiter);
      });
    },
  };
}

/**
 * Reads wait here, by account, and go on in turn: whoever asks for much waits behind their own reads, and others behind one read of each
 * account. What belongs to no account (keys, pauses, the backlog) waits as an account of its own.
 */
import { SmsError } from "../domain/errors.ts";
import { createFifo, type Fifo } from "../memory/fifo.ts";

export interface FairQueue {
  /** Runs the read when its turn comes; rejects with OVERLOADED where too many wait. */
  run<Result>(account: string | undefined, read: () => Promise<Result>): Promise<Result>;
  /** Reads that run or wait. */
  readonly pending: number;
}

interface Waiting {
  readonly start: () => void;
}

const ofNobody = "";
const retryAfterMs = 1_000;

/** `width` reads run at once; `maxWaiting` may wait, of one account a tenth of these. */
export function createFairQueue(width: number, maxWaiting: number): FairQueue {
  const queues = new Map<string, Fifo<Waiting>>();
  const maxOfOne = Math.ceil(maxWaiting / 10);
  let running = 0;
  let waiting = 0;

  function next(): void {
    running -= 1;
    const [first] = queues;
    if (first === undefined) return;
    const [account, queue] = first;
    const read = queue.shift();
    // The account comes again when all others have had their turn.
    queues.delete(account);
    if (queue.size > 0) queues.set(account, queue);
    waiting -= 1;
    running += 1;
    read?.start();
  }

  async function perform<Result>(read: () => Promise<Result>): Promise<Result> {
    try {
      return await read();
    } finally {
      next();
    }
  }

  function refuse(subject: string): Promise<never> {
    const quota = { subject, description: "Too many reads wait." };
    return Promise.reject(new SmsError("OVERLOADED", "Too many reads wait.", { retryAfterMs, quota }));
  }

  return {
    run(account = ofNobody, read) {
      if (running < width) {
        running += 1;
        return perform(read);
      }
      if (waiting >= maxWaiting) return refuse("service");
      let queue = queues.get(account);
      if (queue === undefined) {
        queue = createFifo();
        queues.set(account, queue);
      }
      if (account !== ofNobody && queue.size >= maxOfOne) return refuse(`account ${account}`);
      const { promise, resolve } = Promise.withResolvers<undefined>();
      queue.push({ start: () => resolve(undefined) });
      waiting += 1;
      return promise.then(() => perform(read));
    },
    get pending() {
      return running + waiting;
    },
  };
}

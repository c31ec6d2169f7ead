/**
 * Gathers writing operations so that many share one transaction and one fsync. One batch is in flight; the next is taken the moment it
 * returns, without a timer, or earlier where enough waits. Knows nothing of databases: `run` makes a batch durable or throws.
 */
import { SmsError } from "../domain/errors.ts";
import { createFifo, type Fifo } from "../memory/fifo.ts";
import type { Clock } from "../observability/clock.ts";

export interface WriteEntry<Operation> {
  readonly operation: Operation;
  /** Rows it writes, about; at least 1. */
  readonly rows: number;
  /** OTP entries go first. */
  readonly isUrgent: boolean;
  /** New work, refused first when too much waits; facts (outcomes, receipts) have four times the room. */
  readonly isNewWork: boolean;
}

export interface GroupCommitOptions<Operation, Outcome> {
  /** Makes the batch durable as a whole or throws; SERVICE_UNAVAILABLE fails it whole, anything else runs it again in halves. */
  run(batch: readonly Operation[]): Promise<readonly Outcome[]>;
  readonly clock: Clock;
  /** Most rows of one batch; a single larger entry goes alone. */
  readonly maxRows?: number;
  /** Rows that may wait before new work is refused with OVERLOADED. */
  readonly maxWaitingRows?: number;
  /**
   * So many waiting rows go in a second batch while one is in flight, for a `run` that does one after the other: it then has the next
   * at hand. Fewer wait for the first to return, so that small batches do not fall apart. Undefined for one at a time.
   */
  readonly overlapRows?: number | undefined;
}

export interface GroupCommit<Operation, Outcome> {
  /** Outcomes in the order of the entries, once all are durable. Each entry stands alone: a failed one rejects the call last. */
  submit(entries: readonly WriteEntry<Operation>[]): Promise<readonly Outcome[]>;
  readonly waitingRows: number;
  /** Refuses what comes from now on and waits for what was handed in; harmless when repeated. */
  close(): Promise<void>;
}

interface Call<Outcome> {
  readonly outcomes: Outcome[];
  open: number;
  error: unknown;
  readonly resolve: (outcomes: readonly Outcome[]) => void;
  readonly reject: (error: unknown) => void;
}

interface Waiting<Operation, Outcome> extends WriteEntry<Operation> {
  readonly call: Call<Outcome>;
  readonly index: number;
}

/** Of a full batch, OTP entries take at most this share while others wait, so that a flood of them starves nobody (P27). */
const urgentShare = 0.7;
const roomForFacts = 4;

export function createGroupCommit<Operation, Outcome>(
  options: GroupCommitOptions<Operation, Outcome>,
): GroupCommit<Operation, Outcome> {
  type Item = Waiting<Operation, Outcome>;
  const { run, clock, maxRows = 2_000, maxWaitingRows = 100_000, overlapRows = Infinity } = options;
  const urgent = createFifo<Item>();
  const others = createFifo<Item>();
  let waitingRows = 0;
  let isScheduled = false;
  let inFlight = 0;
  const idle: (() => void)[] = [];
  let isClosed = false;
  let rowsPerMs = 10;

  function takeBatch(): Item[] {
    const batch: Item[] = [];
    let rows = 0;
    const fill = (queue: Fifo<Item>, limit: number) => {
      for (let next = queue.peek(); next !== undefined; next = queue.peek()) {
        if (batch.length > 0 && rows + next.rows > limit) return;
        batch.push(next);
        rows += next.rows;
        queue.shift();
      }
    };
    fill(urgent, others.peek() === undefined ? maxRows : maxRows * urgentShare);
    fill(others, maxRows);
    fill(urgent, maxRows);
    waitingRows -= rows;
    return batch;
  }

  async function runBatch(batch: readonly Item[]): Promise<void> {
    try {
      const outcomes = await run(batch.map((item) => item.operation));
      batch.forEach((item, position) => {
        finish(item, outcomes[position] as Outcome);
      });
    } catch (error) {
      const isAway = error instanceof SmsError && error.code === "SERVICE_UNAVAILABLE";
      if (isAway) for (const item of batch) fail(item, error);
      else if (batch.length === 1) for (const item of batch) fail(item, asSmsError(error));
      else {
        const middle = batch.length >> 1;
        await runBatch(batch.slice(0, middle));
        await runBatch(batch.slice(middle));
      }
    }
  }

  async function drain(): Promise<void> {
    inFlight += 1;
    while (waitingRows > 0 && (inFlight === 1 || waitingRows >= overlapRows)) {
      const startMs = clock.monotonic();
      const batch = takeBatch();
      const rows = batch.reduce((sum, item) => sum + item.rows, 0);
      await runBatch(batch);
      const rate = rows / Math.max(0.1, clock.monotonic() - startMs);
      rowsPerMs += (rate - rowsPerMs) * 0.2;
    }
    inFlight -= 1;
    if (inFlight === 0) for (const resolve of idle.splice(0)) resolve();
  }

  function mayStart(): boolean {
    return inFlight === 0 || (inFlight === 1 && waitingRows >= overlapRows);
  }

  function start(): void {
    isScheduled = false;
    if (mayStart()) void drain();
  }

  function refuseOverload(rows: number): SmsError {
    const retryAfterMs = Math.min(10_000, Math.max(100, Math.round((waitingRows + rows) / rowsPerMs)));
    return new SmsError("OVERLOADED", "Too much work waits to be written.", { retryAfterMs });
  }

  return {
    submit(entries) {
      if (isClosed) {
        return Promise.reject(new SmsError("SERVICE_UNAVAILABLE", "The store is closed."));
      }
      if (entries.length === 0) return Promise.resolve([]);
      let newRows = 0;
      let allRows = 0;
      for (const entry of entries) {
        allRows += entry.rows;
        if (entry.isNewWork) newRows += entry.rows;
      }
      const limit = newRows > 0 ? maxWaitingRows : maxWaitingRows * roomForFacts;
      if (waitingRows > 0 && waitingRows + allRows > limit) return Promise.reject(refuseOverload(allRows));
      return new Promise((resolve, reject) => {
        const call: Call<Outcome> = { outcomes: [], open: entries.length, error: undefined, resolve, reject };
        for (let index = 0; index < entries.length; index++) {
          const entry = entries[index];
          if (entry === undefined) continue;
          const { operation, rows, isUrgent, isNewWork } = entry;
          (isUrgent ? urgent : others).push({ operation, rows, isUrgent, isNewWork, call, index });
        }
        waitingRows += allRows;
        if (!isScheduled && mayStart()) {
          isScheduled = true;
          // A microtask, so that everything handed in by the same turn shares the first batch too.
          queueMicrotask(start);
        }
      });
    },
    get waitingRows() {
      return waitingRows;
    },
    async close() {
      isClosed = true;
      if (isScheduled) start();
      if (inFlight > 0) await new Promise<void>((resolve) => idle.push(resolve));
    },
  };
}

function finish<Outcome>(item: Waiting<unknown, Outcome>, outcome: Outcome): void {
  item.call.outcomes[item.index] = outcome;
  settleCall(item.call);
}

function fail<Outcome>(item: Waiting<unknown, Outcome>, error: unknown): void {
  item.call.error ??= error;
  settleCall(item.call);
}

function settleCall<Outcome>(call: Call<Outcome>): void {
  call.open -= 1;
  if (call.open > 0) return;
  if (call.error === undefined) call.resolve(call.outcomes);
  else call.reject(call.error);
}

function asSmsError(error: unknown): SmsError {
  return error instanceof SmsError ? error : new SmsError("INTERNAL_ERROR", undefined, { cause: error });
}

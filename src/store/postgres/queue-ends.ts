/**
 * Where claims of each queue start: at the last claimed key, so that entries of rows that were claimed before and are not vacuumed
 * yet are not read each time. What other replicas put behind that key is found by looking back: a little every 100 ms, to the very
 * start every few seconds.
 */

export interface QueueKey {
  readonly availableTimeMs: number;
  readonly id: string;
}

export interface QueueMove {
  readonly gatewayId: string;
  readonly lane: number;
  readonly key: QueueKey;
}

export interface QueueEnds {
  /** The key from which to read; notes when it looks back. */
  startOf(gatewayId: string, lane: number, monotonicMs: number): QueueKey;
  /** What was read up to `key` and committed. */
  advance(move: QueueMove): void;
  /** A row was put at `key` by this process. */
  include(gatewayId: string, lane: number, key: QueueKey): void;
  /** Rows may stand anywhere now. */
  reset(): void;
}

interface QueueEnd {
  key: QueueKey;
  lookedBackMs: number;
  rescannedMs: number;
}

const start: QueueKey = { availableTimeMs: 0, id: "" };
const lookBackEveryMs = 100;
/** Clocks of replicas differ, and commits take time. */
const lookBackMs = 500;
const rescanEveryMs = 3_000;

export function createQueueEnds(): QueueEnds {
  const ends = new Map<string, QueueEnd>();
  const nameOf = (gatewayId: string, lane: number) => `${lane} ${gatewayId}`;
  return {
    startOf(gatewayId, lane, monotonicMs) {
      const end = ends.get(nameOf(gatewayId, lane));
      if (end === undefined) return start;
      if (monotonicMs - end.rescannedMs >= rescanEveryMs) {
        end.rescannedMs = monotonicMs;
        end.lookedBackMs = monotonicMs;
        end.key = start;
      } else if (monotonicMs - end.lookedBackMs >= lookBackEveryMs) {
        end.lookedBackMs = monotonicMs;
        return { availableTimeMs: end.key.availableTimeMs - lookBackMs, id: "" };
      }
      return end.key;
    },
    advance({ gatewayId, lane, key }) {
      const name = nameOf(gatewayId, lane);
      const end = ends.get(name);
      if (end === undefined) ends.set(name, { key, lookedBackMs: 0, rescannedMs: 0 });
      else if (isBefore(end.key, key)) end.key = key;
    },
    include(gatewayId, lane, key) {
      const end = ends.get(nameOf(gatewayId, lane));
      if (end !== undefined && isBefore(key, end.key)) end.key = key;
    },
    reset: () => ends.clear(),
  };
}

function isBefore(left: QueueKey, right: QueueKey): boolean {
  if (left.availableTimeMs !== right.availableTimeMs) return left.availableTimeMs < right.availableTimeMs;
  return left.id < right.id;
}

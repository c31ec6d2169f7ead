/** Adds up what waits, wherever it does: in the queues of the store, and claimed by a process that has not written it yet. */
import type { GatewayId } from "../../domain/ids.ts";
import { lanes } from "../../domain/message.ts";
import type { Held } from "../../store/gateway-sessions.ts";
import type { Backlog } from "../../store/views.ts";

/** What one process holds of a gateway. */
export interface HeldByGateway {
  readonly gatewayId: GatewayId;
  readonly held: Held;
}

export function addHeld(backlog: Backlog, held: readonly HeldByGateway[]): Backlog {
  type Queue = Backlog["byQueue"][number];
  const queues = new Map<string, Queue>(
    backlog.byQueue.map((queue) => [`${queue.lane} ${queue.gatewayId}`, queue]),
  );
  let { queued } = backlog;
  for (const { gatewayId, held: ofGateway } of held) {
    for (const lane of lanes) {
      const { count, oldestTimeMs } = ofGateway[lane];
      if (count === 0) continue;
      queued += count;
      const name = `${lane} ${gatewayId}`;
      const known = queues.get(name) ?? { gatewayId, lane, count: 0, oldestTimeMs: undefined };
      const oldest = earlier(known.oldestTimeMs, oldestTimeMs);
      queues.set(name, { ...known, count: known.count + count, oldestTimeMs: oldest });
    }
  }
  return { ...backlog, queued, byQueue: [...queues.values()] };
}

function earlier(left: number | undefined, right: number | undefined): number | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return Math.min(left, right);
}

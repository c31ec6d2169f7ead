/** What waits, by queue: counted on the index of waiting rows alone. */
import type { DatabaseSync } from "node:sqlite";
import type { GatewayId } from "../../domain/ids.ts";
import { laneOf } from "../codes.ts";
import type { Backlog } from "../keeping.ts";
import { prepare } from "./statement.ts";

export function createReadBacklog(db: DatabaseSync) {
  const count = prepare<{ gateway_id: GatewayId; lane: number; count: number; oldest: number }>(
    db,
    `SELECT gateway_id, lane, count(*) AS count, min(available_time) AS oldest
     FROM deliveries INDEXED BY deliveries_waiting WHERE is_waiting = 1 GROUP BY gateway_id, lane`,
  );
  const countParked = prepare<{ count: number }>(db, "SELECT count(*) AS count FROM parked_receipts");
  return function backlog(): Backlog {
    const byQueue = count.all().map((row) => ({
      gatewayId: row.gateway_id,
      lane: laneOf(row.lane),
      count: row.count,
      oldestTimeMs: row.oldest,
    }));
    return {
      queued: byQueue.reduce((sum, queue) => sum + queue.count, 0),
      byQueue,
      parkedReceipts: countParked.get()?.count ?? 0,
    };
  };
}

/** What waits, by queue: counted on the index of waiting rows alone. */
import type { GatewayId } from "../../domain/ids.ts";
import { laneOf } from "../codes.ts";
import type { Backlog } from "../keeping.ts";
import { type Connection, first, statement } from "./statement.ts";

const count = statement<{ gateway_id: GatewayId; lane: number; count: number; oldest: number }>(
  "count_waiting",
  `SELECT gateway_id, lane, count(*) AS count, min(available_time) AS oldest
   FROM deliveries WHERE state = 1 AND claimed_by IS NULL GROUP BY gateway_id, lane ORDER BY gateway_id, lane`,
);
const countParked = statement<{ count: number }>(
  "count_parked",
  "SELECT count(*) AS count FROM parked_receipts",
);

export async function readBacklog(connection: Connection): Promise<Backlog> {
  const [rows, parked] = await Promise.all([connection.all(count), connection.all(countParked)]);
  const byQueue = rows.map((row) => ({
    gatewayId: row.gateway_id,
    lane: laneOf(row.lane),
    count: row.count,
    oldestTimeMs: row.oldest,
  }));
  return {
    queued: byQueue.reduce((sum, queue) => sum + queue.count, 0),
    byQueue,
    parkedReceipts: first(parked)?.count ?? 0,
  };
}

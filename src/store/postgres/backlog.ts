/**
 * What waits, by queue, counted on the index of waiting rows alone; and since when the oldest of the first has waited for its first attempt.
 */
import type { GatewayId } from "../../domain/ids.ts";
import { laneOf } from "../codes.ts";
import { type Backlog, firstsLookedAt } from "../views.ts";
import { type Connection, first, statement } from "./statement.ts";

const count = statement<{ gateway_id: GatewayId; lane: number; count: number; oldest: number | null }>(
  "count_waiting",
  // Ids ascend with the time of acceptance.
  `WITH queues AS (
     SELECT gateway_id, lane, count(*) AS count
     FROM deliveries WHERE state = 1 AND claimed_by IS NULL GROUP BY gateway_id, lane
   )
   SELECT q.gateway_id, q.lane, q.count, (
     SELECT m.accept_time FROM messages m JOIN (
       SELECT account_id, id FROM (
         SELECT d.account_id, d.id FROM deliveries d
         WHERE d.state = 1 AND d.claimed_by IS NULL AND d.gateway_id = q.gateway_id AND d.lane = q.lane
           AND d.attempt_count = 0
         ORDER BY d.available_time, d.id LIMIT ${firstsLookedAt}) AS firsts
       ORDER BY id LIMIT 1) AS f ON m.account_id = f.account_id AND m.id = left(f.id, 36)) AS oldest
   FROM queues q ORDER BY q.gateway_id, q.lane`,
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
    oldestTimeMs: row.oldest ?? undefined,
  }));
  return {
    queued: byQueue.reduce((sum, queue) => sum + queue.count, 0),
    byQueue,
    parkedReceipts: first(parked)?.count ?? 0,
  };
}

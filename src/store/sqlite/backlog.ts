/**
 * What waits, by queue, counted on the index of waiting rows alone; and since when the oldest of the first has waited for its first attempt.
 */
import type { DatabaseSync } from "node:sqlite";
import { type AccountId, type DeliveryId, type GatewayId, messageIdOf } from "../../domain/ids.ts";
import { laneOf } from "../codes.ts";
import { type Backlog, firstsLookedAt } from "../views.ts";
import { prepare } from "./statement.ts";

export function createReadBacklog(db: DatabaseSync) {
  const count = prepare<{ gateway_id: GatewayId; lane: number; count: number }>(
    db,
    `SELECT gateway_id, lane, count(*) AS count
     FROM deliveries INDEXED BY deliveries_waiting WHERE is_waiting = 1 GROUP BY gateway_id, lane`,
  );
  const findFirst = prepare<{ account_id: AccountId; id: DeliveryId }>(
    db,
    `SELECT account_id, id FROM deliveries INDEXED BY deliveries_waiting
     WHERE is_waiting = 1 AND gateway_id = ? AND lane = ? AND attempt_count = 0
     ORDER BY available_time, id LIMIT ${firstsLookedAt}`,
  );
  const findAcceptance = prepare<{ accept_time: number }>(
    db,
    "SELECT accept_time FROM messages WHERE account_id = ? AND id = ?",
  );
  const countParked = prepare<{ count: number }>(db, "SELECT count(*) AS count FROM parked_receipts");

  /** Ids ascend with the time of acceptance. */
  function oldestOf(gatewayId: GatewayId, lane: number): number | undefined {
    let oldest: { readonly account_id: AccountId; readonly id: DeliveryId } | undefined;
    for (const row of findFirst.all(gatewayId, lane)) {
      if (oldest === undefined || row.id < oldest.id) oldest = row;
    }
    return oldest && findAcceptance.get(oldest.account_id, messageIdOf(oldest.id))?.accept_time;
  }

  return function backlog(): Backlog {
    const byQueue = count.all().map(({ gateway_id: gatewayId, lane, count: rows }) => ({
      gatewayId,
      lane: laneOf(lane),
      count: rows,
      oldestTimeMs: oldestOf(gatewayId, lane),
    }));
    return {
      queued: byQueue.reduce((sum, queue) => sum + queue.count, 0),
      byQueue,
      parkedReceipts: countParked.get()?.count ?? 0,
    };
  };
}

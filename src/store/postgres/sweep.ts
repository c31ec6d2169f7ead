/** What time alone does: waiting deliveries past their validity EXPIRE, submitted ones that stay silent end UNKNOWN (P11). */
import type { DeliveryState } from "../../domain/delivery-state.ts";
import type { GatewayId } from "../../domain/ids.ts";
import { unjudgedAttempt } from "../late-answer.ts";
import { countStates, type Overdue } from "../state-counts.ts";
import type { AdoptRequest, SweepRequest } from "../write-steps.ts";
import { judgeAttempt } from "./become-submitted.ts";
import { endOverdue } from "./end-overdue.ts";
import { deliveryColumns, loadAccepted } from "./load-rows.ts";
import type { DeliveryRow } from "./locked-rows.ts";
import { endDelivery } from "./move-delivery.ts";
import type { QueueEnds } from "./queue-ends.ts";
import { first, statement } from "./statement.ts";
import type { Transaction } from "./transaction.ts";

const findExpired = statement<DeliveryRow>(
  "find_expired",
  `SELECT ${deliveryColumns} FROM deliveries d
   WHERE d.state = 1 AND d.claimed_by IS NULL AND d.expire_time <= $1
   ORDER BY d.expire_time, d.id LIMIT $2 FOR UPDATE SKIP LOCKED`,
);
const findSilent = statement<DeliveryRow>(
  "find_silent",
  `SELECT ${deliveryColumns} FROM deliveries d WHERE d.state = 3 AND d.expire_time <= $1
   ORDER BY d.expire_time, d.id LIMIT $2 FOR UPDATE SKIP LOCKED`,
);
const nextQueue = statement<{ gateway_id: GatewayId }>(
  "next_waiting_queue",
  `SELECT gateway_id FROM deliveries WHERE state = 1 AND claimed_by IS NULL AND gateway_id > $1
   ORDER BY gateway_id LIMIT 1`,
);
const adopt = statement(
  "adopt_orphans",
  `WITH picked AS (
     SELECT id FROM deliveries WHERE state = 1 AND claimed_by IS NULL AND gateway_id = $2
     ORDER BY lane, available_time, id LIMIT $3 FOR UPDATE SKIP LOCKED
   )
   UPDATE deliveries AS d SET gateway_id = $1 FROM picked WHERE d.id = picked.id`,
);

export async function expireDue(tx: Transaction, { nowMs, limit }: SweepRequest): Promise<Overdue> {
  return endOverdue(tx, await tx.connection.all(findExpired, nowMs, limit), nowMs);
}

export async function endSilent(
  tx: Transaction,
  { nowMs, graceMs, limit }: SweepRequest & { readonly graceMs: number },
): Promise<Overdue> {
  const due = await tx.connection.all(findSilent, nowMs - graceMs, limit);
  await loadAccepted(tx, due);
  const became = due.map((row): DeliveryState => {
    const attempt = row.progress === null ? undefined : unjudgedAttempt(row.progress, row.attempt_count);
    const judgement = attempt === undefined ? undefined : judgeAttempt(tx, row, attempt);
    const to = judgement?.state ?? "UNKNOWN";
    endDelivery(tx, row, {
      to,
      code: undefined,
      reason: judgement === undefined ? "NO_RECEIPT" : judgement.reason,
      timeMs: nowMs,
      doneTimeMs: judgement?.doneTimeMs,
    });
    return to;
  });
  return countStates(became);
}

export async function adoptOrphans(
  { connection, wokenQueues }: Transaction,
  queueEnds: QueueEnds,
  { known, to, limit, renamed }: AdoptRequest,
): Promise<number> {
  const queues = new Set<string>([...known, to]);
  let moved = 0;
  let queue = first(await connection.all(nextQueue, ""))?.gateway_id;
  while (queue !== undefined && moved < limit) {
    if (!queues.has(queue)) {
      const heir = renamed.get(queue) ?? to;
      moved += await connection.run(adopt, heir, queue, limit - moved);
      wokenQueues.add(heir);
    }
    queue = first(await connection.all(nextQueue, queue))?.gateway_id;
  }
  if (moved > 0) queueEnds.reset();
  return moved;
}

/** What time alone does: waiting deliveries past their validity EXPIRE, submitted ones that stay silent end UNKNOWN (P11). */
import type { DatabaseSync } from "node:sqlite";
import type { DeliveryState } from "../../domain/delivery-state.ts";
import type { AccountId, DeliveryId, GatewayId } from "../../domain/ids.ts";
import { unjudgedAttempt } from "../late-answer.ts";
import { countStates, type Overdue } from "../state-counts.ts";
import type { AdoptRequest, SweepRequest } from "../write-steps.ts";
import type { BecomeSubmitted } from "./become-submitted.ts";
import type { EndOverdue } from "./end-overdue.ts";
import type { EndDelivery } from "./move-delivery.ts";
import { prepare } from "./statement.ts";
import type { Transaction } from "./transaction.ts";

interface DueRow {
  readonly id: DeliveryId;
  readonly account_id: AccountId;
}

export function createSweep(
  db: DatabaseSync,
  endDelivery: EndDelivery,
  endOverdue: EndOverdue,
  { judgeAttempt }: Pick<BecomeSubmitted, "judgeAttempt">,
) {
  const findExpired = prepare<DueRow & { readonly progress: string | null }>(
    db,
    `SELECT id, account_id, progress FROM deliveries INDEXED BY deliveries_expiring
     WHERE is_waiting = 1 AND expire_time <= ? ORDER BY expire_time, id LIMIT ?`,
  );
  const findSilent = prepare<DueRow & { readonly progress: string | null; readonly attempt_count: number }>(
    db,
    `SELECT id, account_id, progress, attempt_count FROM deliveries INDEXED BY deliveries_silent
     WHERE state = 3 AND expire_time <= ? ORDER BY expire_time, id LIMIT ?`,
  );
  const nextQueue = prepare<{ gateway_id: GatewayId }>(
    db,
    `SELECT gateway_id FROM deliveries INDEXED BY deliveries_waiting
     WHERE is_waiting = 1 AND gateway_id > ? ORDER BY gateway_id LIMIT 1`,
  );
  const adopt = prepare(
    db,
    `UPDATE deliveries SET gateway_id = ?1 WHERE id IN (
       SELECT id FROM deliveries INDEXED BY deliveries_waiting WHERE is_waiting = 1 AND gateway_id = ?2
       ORDER BY lane, available_time, id LIMIT ?3)`,
  );

  return {
    expireDue(tx: Transaction, { nowMs, limit }: SweepRequest): Overdue {
      return countStates(findExpired.all(nowMs, limit).map((row) => endOverdue(tx, row, nowMs)));
    },

    endSilent(
      tx: Transaction,
      { nowMs, graceMs, limit }: SweepRequest & { readonly graceMs: number },
    ): Overdue {
      const became = findSilent.all(nowMs - graceMs, limit).map((row): DeliveryState => {
        const { id, account_id: accountId, progress, attempt_count } = row;
        const attempt = progress === null ? undefined : unjudgedAttempt(progress, attempt_count);
        const judgement = attempt === undefined ? undefined : judgeAttempt(id, attempt);
        const to = judgement?.state ?? "UNKNOWN";
        endDelivery(tx, {
          id,
          accountId,
          from: "SUBMITTED",
          to,
          code: undefined,
          reason: judgement === undefined ? "NO_RECEIPT" : judgement.reason,
          timeMs: nowMs,
          doneTimeMs: judgement?.doneTimeMs,
        });
        return to;
      });
      return countStates(became);
    },

    adoptOrphans(tx: Transaction, { known, to, limit, renamed }: AdoptRequest): number {
      const queues = new Set<string>([...known, to]);
      let moved = 0;
      let queue = nextQueue.get("")?.gateway_id;
      while (queue !== undefined && moved < limit) {
        if (!queues.has(queue)) moved += adopt.run(renamed.get(queue) ?? to, queue, limit - moved);
        queue = nextQueue.get(queue)?.gateway_id;
      }
      if (moved > 0) tx.hasWaiting.clear();
      return moved;
    },
  };
}

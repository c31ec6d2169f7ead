/**
 * A start voids all claims at once. What was found in SUBMITTING under AT_MOST_ONCE is in doubt and ends UNKNOWN, what was to be cancelled
 * ends too, and what an earlier attempt has had wholly accepted is SUBMITTED. Everything else waits again, at its old place in the queue.
 */
import type { DatabaseSync } from "node:sqlite";
import { decideRecovery } from "../../domain/decide-recovery.ts";
import type { DeliveryState } from "../../domain/delivery-state.ts";
import { type AccountId, type ClaimantId, type DeliveryId, toClaimantId } from "../../domain/ids.ts";
import type { Recovery } from "../accepting.ts";
import { stateCodes, stateOf } from "../codes.ts";
import { packProgress, parseProgress } from "../delivery-progress.ts";
import { countStates } from "../state-counts.ts";
import type { BecomeSubmitted } from "./become-submitted.ts";
import type { EndDelivery } from "./move-delivery.ts";
import { prepare } from "./statement.ts";
import type { Transaction } from "./transaction.ts";

interface ClaimedRow {
  readonly id: DeliveryId;
  readonly account_id: AccountId;
  readonly state: number;
  readonly at_most_once: number;
  readonly is_cancel_requested: number;
  readonly progress: string | null;
}

export function createRecover(
  db: DatabaseSync,
  endDelivery: EndDelivery,
  { submitBy }: Pick<BecomeSubmitted, "submitBy">,
) {
  const nextEpoch = prepare<{ value: number }>(
    db,
    "UPDATE meta SET value = value + 1 WHERE key = 'epoch' RETURNING value",
  );
  const findClaimed = prepare<ClaimedRow>(
    db,
    `SELECT id, account_id, state, at_most_once, is_cancel_requested, progress
     FROM deliveries INDEXED BY deliveries_claimed WHERE claimed_by IS NOT NULL ORDER BY id`,
  );
  const requeue = prepare(
    db,
    "UPDATE deliveries SET state = 1, claimed_by = NULL, is_waiting = 1, progress = ? WHERE id = ?",
  );

  return function join(
    tx: Transaction,
    nowMs: number,
  ): { readonly claimant: ClaimantId; readonly recovery: Recovery } {
    const claimed = findClaimed.all();
    const became: DeliveryState[] = [];
    const mayHaveLeft: DeliveryId[] = [];
    for (const row of claimed) {
      const decision = decideRecovery({
        isSubmitting: row.state === stateCodes.SUBMITTING,
        isAtMostOnce: row.at_most_once === 1,
        isCancelRequested: row.is_cancel_requested === 1,
        progress: parseProgress(row.progress),
        wasHeld: true,
      });
      if (decision.kind === "requeue") {
        requeue.run(packProgress(decision.progress), row.id);
        if (decision.mayHaveLeft) mayHaveLeft.push(row.id);
        continue;
      }
      if (decision.kind === "submit") {
        became.push(submitBy(tx, row.id, decision.accepted, nowMs));
        continue;
      }
      const { state: to, code, reason } = decision.ending;
      became.push(to);
      const from = stateOf(row.state);
      const accountId = row.account_id;
      endDelivery(tx, {
        id: row.id,
        accountId,
        from,
        to,
        code,
        reason,
        timeMs: nowMs,
        doneTimeMs: undefined,
      });
    }
    const epoch = nextEpoch.get()?.value ?? 0;
    tx.epoch = epoch;
    return {
      claimant: toClaimantId(`local.${epoch}`),
      recovery: { claimsVoided: claimed.length, became: countStates(became), mayHaveLeft },
    };
  };
}

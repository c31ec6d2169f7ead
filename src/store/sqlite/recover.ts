/**
 * A start voids all claims at once: what was found in SUBMITTING under AT_MOST_ONCE is in doubt and ends UNKNOWN; everything else
 * waits again, at its old place in the queue.
 */
import type { DatabaseSync } from "node:sqlite";
import { type AccountId, type ClaimantId, type DeliveryId, toClaimantId } from "../../domain/ids.ts";
import type { Recovery } from "../keeping.ts";
import type { EndDelivery } from "./move-delivery.ts";
import { prepare } from "./statement.ts";
import type { Transaction } from "./transaction.ts";

export function createRecover(db: DatabaseSync, endDelivery: EndDelivery) {
  const nextEpoch = prepare<{ value: number }>(
    db,
    "UPDATE meta SET value = value + 1 WHERE key = 'epoch' RETURNING value",
  );
  const findDoubtful = prepare<{ id: DeliveryId; account_id: AccountId }>(
    db,
    `SELECT id, account_id FROM deliveries INDEXED BY deliveries_claimed
     WHERE claimed_by IS NOT NULL AND state = 2 AND at_most_once = 1 ORDER BY id`,
  );
  // Nothing of it can have been sent: AT_MOST_ONCE is SUBMITTING before its first PDU.
  const findCancelled = prepare<{ id: DeliveryId; account_id: AccountId }>(
    db,
    `SELECT id, account_id FROM deliveries INDEXED BY deliveries_claimed
     WHERE claimed_by IS NOT NULL AND state = 1 AND at_most_once = 1 AND is_cancel_requested = 1 ORDER BY id`,
  );
  const release = prepare(
    db,
    `UPDATE deliveries INDEXED BY deliveries_claimed SET state = 1, claimed_by = NULL, is_waiting = 1
     WHERE claimed_by IS NOT NULL`,
  );

  return function join(
    tx: Transaction,
    nowMs: number,
  ): { readonly claimant: ClaimantId; readonly recovery: Recovery } {
    const doubtful = findDoubtful.all();
    const cancelled = findCancelled.all();
    for (const row of doubtful) {
      endDelivery(tx, {
        id: row.id,
        accountId: row.account_id,
        from: "SUBMITTING",
        to: "UNKNOWN",
        code: undefined,
        reason: "AMBIGUOUS",
        timeMs: nowMs,
        doneTimeMs: undefined,
      });
    }
    for (const row of cancelled) {
      endDelivery(tx, {
        id: row.id,
        accountId: row.account_id,
        from: "QUEUED",
        to: "CANCELLED",
        code: undefined,
        reason: "CANCELLED",
        timeMs: nowMs,
        doneTimeMs: undefined,
      });
    }
    const claimsVoided = release.run() + doubtful.length + cancelled.length;
    const epoch = nextEpoch.get()?.value ?? 0;
    tx.epoch = epoch;
    return {
      claimant: toClaimantId(`local.${epoch}`),
      recovery: { claimsVoided, endedUnknown: doubtful.length },
    };
  };
}

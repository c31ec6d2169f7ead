/** Cancelling: what waits is CANCELLED at once; what is being attempted is marked, and cancelled instead of retried. */
import type { DatabaseSync } from "node:sqlite";
import type { AccountId, DeliveryId, MessageId } from "../../domain/ids.ts";
import type { E164 } from "../../domain/message.ts";
import { stateOf } from "../codes.ts";
import type { CancelOutcome } from "../settling.ts";
import { keysOf } from "../status-rows.ts";
import type { EndDelivery } from "./move-delivery.ts";
import { prepare } from "./statement.ts";
import type { Transaction } from "./transaction.ts";

export interface CancelRequest {
  readonly accountId: AccountId;
  readonly messageId: MessageId;
  readonly nowMs: number;
}

export function createCancel(db: DatabaseSync, endDelivery: EndDelivery) {
  const findMessage = prepare<{ found: number }>(
    db,
    "SELECT 1 AS found FROM messages WHERE account_id = ? AND id = ?",
  );
  const find = prepare<{ id: DeliveryId; recipient: E164; state: number; claimed_by: string | null }>(
    db,
    "SELECT id, recipient, state, claimed_by FROM deliveries WHERE id >= ? AND id < ? ORDER BY id",
  );
  const request = prepare(db, "UPDATE deliveries SET is_cancel_requested = 1 WHERE id = ?");

  return function cancel(
    tx: Transaction,
    { accountId, messageId, nowMs }: CancelRequest,
  ): readonly CancelOutcome[] | undefined {
    if (findMessage.get(accountId, messageId) === undefined) return undefined;
    return find.all(...keysOf(messageId)).map((row): CancelOutcome => {
      const state = stateOf(row.state);
      const delivery = { deliveryId: row.id, recipient: row.recipient };
      if (state === "CANCELLED") return { ...delivery, result: "CANCELLED", state };
      if ((state === "QUEUED" || state === "SCHEDULED") && row.claimed_by === null) {
        endDelivery(tx, {
          id: row.id,
          accountId,
          from: state,
          to: "CANCELLED",
          code: undefined,
          reason: "CANCELLED",
          timeMs: nowMs,
          doneTimeMs: undefined,
        });
        return { ...delivery, result: "CANCELLED", state: "CANCELLED" };
      }
      if (row.claimed_by === null) return { ...delivery, result: "TOO_LATE", state };
      request.run(row.id);
      return { ...delivery, result: "PENDING", state };
    });
  };
}

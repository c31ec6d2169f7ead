/** Cancelling: what waits is CANCELLED at once; what is being attempted is marked, and cancelled instead of retried. */
import type { DatabaseSync } from "node:sqlite";
import { assertNever } from "../../domain/assert-never.ts";
import { decideCancel } from "../../domain/decide-cancel.ts";
import type { DeliveryId } from "../../domain/ids.ts";
import type { E164 } from "../../domain/message.ts";
import { stateOf } from "../codes.ts";
import { parseProgress } from "../delivery-progress.ts";
import type { CancelOutcome } from "../settling.ts";
import { keysOf } from "../status-rows.ts";
import type { CancelRequest } from "../write-steps.ts";
import type { BecomeSubmitted } from "./become-submitted.ts";
import type { EndDelivery } from "./move-delivery.ts";
import { prepare } from "./statement.ts";
import type { Transaction } from "./transaction.ts";

interface CancelRow {
  readonly id: DeliveryId;
  readonly recipient: E164;
  readonly state: number;
  readonly claimed_by: string | null;
  readonly progress: string | null;
}

export function createCancel(
  db: DatabaseSync,
  endDelivery: EndDelivery,
  { submitBy }: Pick<BecomeSubmitted, "submitBy">,
) {
  const findMessage = prepare<{ found: number }>(
    db,
    "SELECT 1 AS found FROM messages WHERE account_id = ? AND id = ?",
  );
  const find = prepare<CancelRow>(
    db,
    "SELECT id, recipient, state, claimed_by, progress FROM deliveries WHERE id >= ? AND id < ? ORDER BY id",
  );
  const request = prepare(db, "UPDATE deliveries SET is_cancel_requested = 1 WHERE id = ?");

  return function cancel(
    tx: Transaction,
    { accountId, messageId, nowMs }: CancelRequest,
  ): readonly CancelOutcome[] | undefined {
    if (findMessage.get(accountId, messageId) === undefined) return undefined;
    return find.all(...keysOf(messageId)).map(({ id, recipient, claimed_by, ...row }): CancelOutcome => {
      const from = stateOf(row.state);
      const candidate = {
        state: from,
        isClaimed: claimed_by !== null,
        progress: parseProgress(row.progress),
      };
      const decision = decideCancel(candidate);
      const delivery = { deliveryId: id, recipient, isNow: decision.kind === "cancel" };
      switch (decision.kind) {
        case "cancel":
          endDelivery(tx, {
            id,
            accountId,
            from,
            to: "CANCELLED",
            code: undefined,
            reason: "CANCELLED",
            timeMs: nowMs,
            doneTimeMs: undefined,
          });
          return { ...delivery, result: "CANCELLED", state: "CANCELLED" };
        case "cancelled-before":
          return { ...delivery, result: "CANCELLED", state: "CANCELLED" };
        case "submit":
          return { ...delivery, result: "TOO_LATE", state: submitBy(tx, id, decision.accepted, nowMs) };
        case "request":
          request.run(id);
          return { ...delivery, result: "PENDING", state: from };
        case "too-late":
          return { ...delivery, result: "TOO_LATE", state: from };
        default:
          return assertNever(decision);
      }
    });
  };
}

/** Cancelling: what waits is CANCELLED at once; what is being attempted is marked, and cancelled instead of retried. */
import { assertNever } from "../../domain/assert-never.ts";
import { decideCancel } from "../../domain/decide-cancel.ts";
import type { DeliveryId } from "../../domain/ids.ts";
import type { E164 } from "../../domain/message.ts";
import { stateOf } from "../codes.ts";
import { parseProgress } from "../delivery-progress.ts";
import type { CancelOutcome } from "../settling.ts";
import type { CancelRequest } from "../write-steps.ts";
import { becomeSubmitted } from "./become-submitted.ts";
import { endDelivery } from "./move-delivery.ts";
import type { Transaction } from "./transaction.ts";

/** `ids` are the message's deliveries in order, or undefined where the account has no such message. */
export function cancel(
  tx: Transaction,
  { nowMs }: CancelRequest,
  ids: readonly DeliveryId[] | undefined,
): readonly CancelOutcome[] | undefined {
  return ids?.flatMap((id): CancelOutcome[] => {
    const row = tx.rows.deliveries.get(id);
    if (row === undefined) return [];
    const state = stateOf(row.state);
    const decision = decideCancel({
      state,
      isClaimed: row.claimed_by !== null,
      progress: parseProgress(row.progress),
    });
    const delivery = {
      deliveryId: id,
      recipient: row.recipient as E164,
      isNow: decision.kind === "cancel",
    };
    switch (decision.kind) {
      case "cancel":
        endDelivery(tx, row, {
          to: "CANCELLED",
          code: undefined,
          reason: "CANCELLED",
          timeMs: nowMs,
          doneTimeMs: undefined,
        });
        return [{ ...delivery, result: "CANCELLED", state: "CANCELLED" }];
      case "cancelled-before":
        return [{ ...delivery, result: "CANCELLED", state }];
      case "submit":
        return [
          { ...delivery, result: "TOO_LATE", state: becomeSubmitted(tx, row, decision.accepted, nowMs) },
        ];
      case "request":
        row.is_cancel_requested = 1;
        tx.rows.changedDeliveries.add(row);
        return [{ ...delivery, result: "PENDING", state }];
      case "too-late":
        return [{ ...delivery, result: "TOO_LATE", state }];
      default:
        return assertNever(decision);
    }
  });
}

/** What becomes of a waiting delivery whose validity is over. */
import type { DeliveryState } from "../../domain/delivery-state.ts";
import { decideOverdue } from "../../domain/ending-at-expiry.ts";
import type { AccountId, DeliveryId } from "../../domain/ids.ts";
import { parseProgress } from "../delivery-progress.ts";
import type { BecomeSubmitted } from "./become-submitted.ts";
import type { EndDelivery } from "./move-delivery.ts";
import type { Transaction } from "./transaction.ts";

interface OverdueRow {
  readonly id: DeliveryId;
  readonly account_id: AccountId;
  readonly progress: string | null;
}

/** Answers the state to which it came. */
export type EndOverdue = (tx: Transaction, row: OverdueRow, timeMs: number) => DeliveryState;

export function createEndOverdue(
  endDelivery: EndDelivery,
  { submitBy }: Pick<BecomeSubmitted, "submitBy">,
): EndOverdue {
  return (tx, { id, account_id: accountId, progress }, timeMs) => {
    const decision = decideOverdue(parseProgress(progress));
    if (decision.kind === "submit") return submitBy(tx, id, decision.accepted, timeMs);
    const { state: to, code, reason } = decision.ending;
    endDelivery(tx, { id, accountId, from: "QUEUED", to, code, reason, timeMs, doneTimeMs: undefined });
    return to;
  };
}

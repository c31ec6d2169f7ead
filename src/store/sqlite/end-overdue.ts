/** The end of a waiting delivery whose validity is over. */
import { type EndingAtExpiry, endingAtExpiry } from "../../domain/ending-at-expiry.ts";
import type { AccountId, DeliveryId } from "../../domain/ids.ts";
import { parseProgress } from "../delivery-progress.ts";
import type { EndDelivery } from "./move-delivery.ts";
import type { Transaction } from "./transaction.ts";

/** Answers the state in which it ended. */
export function endOverdue(
  tx: Transaction,
  endDelivery: EndDelivery,
  row: { readonly id: DeliveryId; readonly account_id: AccountId; readonly progress: string | null },
  timeMs: number,
): EndingAtExpiry["state"] {
  const { state, code, reason } = endingAtExpiry(parseProgress(row.progress));
  const { id, account_id: accountId } = row;
  endDelivery(tx, { id, accountId, from: "QUEUED", to: state, code, reason, timeMs, doneTimeMs: undefined });
  return state;
}

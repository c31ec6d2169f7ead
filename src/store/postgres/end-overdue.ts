/** What becomes of waiting deliveries whose validity is over. */
import { decideOverdue } from "../../domain/ending-at-expiry.ts";
import { parseProgress } from "../delivery-progress.ts";
import { countStates, type Overdue } from "../state-counts.ts";
import { becomeSubmitted } from "./become-submitted.ts";
import { loadAccepted } from "./load-rows.ts";
import type { DeliveryRow } from "./locked-rows.ts";
import { endDelivery } from "./move-delivery.ts";
import type { Transaction } from "./transaction.ts";

/** The rows are locked. */
export async function endOverdue(
  tx: Transaction,
  rows: readonly DeliveryRow[],
  timeMs: number,
): Promise<Overdue> {
  await loadAccepted(tx, rows);
  return countStates(
    rows.map((row) => {
      const decision = decideOverdue(parseProgress(row.progress));
      if (decision.kind === "submit") return becomeSubmitted(tx, row, decision.accepted, timeMs);
      const { state: to, code, reason } = decision.ending;
      endDelivery(tx, row, { to, code, reason, timeMs, doneTimeMs: undefined });
      return to;
    }),
  );
}

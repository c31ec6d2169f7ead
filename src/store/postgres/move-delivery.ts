/** The end of a locked delivery, and its final report. It stays known by which attempt it was SUBMITTED, for receipts that come later. */
import type { AccountId, DeliveryId } from "../../domain/ids.ts";
import { stateCodes } from "../codes.ts";
import type { DeliveryShown } from "../pending-report.ts";
import type { DeliveryRow, FinalMove } from "./locked-rows.ts";
import type { Transaction } from "./transaction.ts";

export function endDelivery(tx: Transaction, row: DeliveryRow, move: FinalMove): void {
  if (row.state !== stateCodes.SUBMITTED) row.progress = null;
  row.state = stateCodes[move.to];
  row.code = move.code ?? null;
  row.reason = move.reason ?? null;
  row.final_time = move.timeMs;
  row.done_time = move.doneTimeMs ?? null;
  row.claimed_by = null;
  tx.rows.changedDeliveries.add(row);
  tellEnd(tx, row.account_id, row.id, move);
}

/** The final report. */
export function tellEnd(
  tx: Transaction,
  accountId: AccountId,
  deliveryId: DeliveryId,
  move: FinalMove,
  shown?: DeliveryShown,
): void {
  tx.reports.push({ accountId, deliveryId, state: move.to, timeMs: move.timeMs, shown });
}

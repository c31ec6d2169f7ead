/** The end of a locked delivery, and its final report. By which attempt it was SUBMITTED stays known, for receipts that come after. */

import type { FailureReason, FinalState } from "../../domain/delivery-state.ts";
import type { StatusCodeName } from "../../domain/status-code.ts";
import { stateCodes } from "../codes.ts";
import type { DeliveryRow } from "./locked-rows.ts";
import type { Transaction } from "./transaction.ts";

export interface FinalMove {
  readonly to: FinalState;
  readonly code: StatusCodeName | undefined;
  readonly reason: FailureReason | undefined;
  readonly timeMs: number;
  readonly doneTimeMs: number | undefined;
}

export function endDelivery(tx: Transaction, row: DeliveryRow, move: FinalMove): void {
  if (row.state !== stateCodes.SUBMITTED) row.progress = null;
  row.state = stateCodes[move.to];
  row.code = move.code ?? null;
  row.reason = move.reason ?? null;
  row.final_time = move.timeMs;
  row.done_time = move.doneTimeMs ?? null;
  row.claimed_by = null;
  tx.rows.changedDeliveries.add(row);
  tx.reports.push({
    accountId: row.account_id,
    deliveryId: row.id,
    state: move.to,
    timeMs: move.timeMs,
  });
}

/** The end of a locked delivery, and its final report. */

import type { FailureReason, FinalState } from "../../domain/delivery-state.ts";
import { type EndingAtExpiry, endingAtExpiry } from "../../domain/ending-at-expiry.ts";
import type { StatusCodeName } from "../../domain/status-code.ts";
import { stateCodes } from "../codes.ts";
import { parseProgress } from "../delivery-progress.ts";
import type { DeliveryRow } from "./locked-rows.ts";
import type { Transaction } from "./transaction.ts";

export interface FinalMove {
  readonly to: FinalState;
  readonly code: StatusCodeName | undefined;
  readonly reason: FailureReason | undefined;
  readonly timeMs: number;
  readonly doneTimeMs: number | undefined;
}

/** Makes a delivery SUBMITTED, and tells it; also by what is known of an earlier attempt. */
export function submitEarly(tx: Transaction, row: DeliveryRow, gatewayId: string, timeMs: number): void {
  row.state = stateCodes.SUBMITTED;
  row.claimed_by = null;
  row.submit_time = timeMs;
  row.gateway_id = gatewayId;
  row.progress = null;
  tx.rows.changedDeliveries.add(row);
  tx.reports.push({ accountId: row.account_id, deliveryId: row.id, state: "SUBMITTED", timeMs });
}

export function endDelivery(tx: Transaction, row: DeliveryRow, move: FinalMove): void {
  row.state = stateCodes[move.to];
  row.code = move.code ?? null;
  row.reason = move.reason ?? null;
  row.final_time = move.timeMs;
  row.done_time = move.doneTimeMs ?? null;
  row.claimed_by = null;
  row.progress = null;
  tx.rows.changedDeliveries.add(row);
  tx.reports.push({
    accountId: row.account_id,
    deliveryId: row.id,
    state: move.to,
    timeMs: move.timeMs,
  });
}

/** The end of a waiting delivery whose validity is over; answers the state in which it ended. */
export function endOverdue(tx: Transaction, row: DeliveryRow, timeMs: number): EndingAtExpiry["state"] {
  const { state, code, reason } = endingAtExpiry(parseProgress(row.progress));
  endDelivery(tx, row, { to: state, code, reason, timeMs, doneTimeMs: undefined });
  return state;
}

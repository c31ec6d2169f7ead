/** The guarded end of a delivery: one statement that moves it from the state it was read in, and its final report. */
import type { DatabaseSync } from "node:sqlite";
import type { DeliveryState, FailureReason, FinalState } from "../../domain/delivery-state.ts";
import type { AccountId, DeliveryId } from "../../domain/ids.ts";
import type { StatusCodeName } from "../../domain/status-code.ts";
import { stateCodes } from "../codes.ts";
import { prepare } from "./statement.ts";
import type { Transaction } from "./transaction.ts";

export interface FinalMove {
  readonly id: DeliveryId;
  readonly accountId: AccountId;
  readonly from: DeliveryState;
  readonly to: FinalState;
  readonly code: StatusCodeName | undefined;
  readonly reason: FailureReason | undefined;
  readonly timeMs: number;
  readonly doneTimeMs: number | undefined;
}

/** Makes what is to be sent, or is being sent, SUBMITTED by what is known of an earlier attempt; the report is the caller's. */
export function prepareSubmitEarly(db: DatabaseSync) {
  return prepare(
    db,
    `UPDATE deliveries SET state = 3, claimed_by = NULL, is_waiting = 0, submit_time = ?, gateway_id = ?, progress = NULL
     WHERE id = ? AND state IN (1, 2)`,
  );
}

export type EndDelivery = (tx: Transaction, move: FinalMove) => void;

export function createEndDelivery(db: DatabaseSync): EndDelivery {
  const end = prepare(
    db,
    `UPDATE deliveries SET state = ?, code = ?, reason = ?, final_time = ?, done_time = ?, claimed_by = NULL,
       is_waiting = 0, progress = NULL
     WHERE id = ? AND state = ?`,
  );
  return (tx, move) => {
    const changed = end.run(
      stateCodes[move.to],
      move.code ?? null,
      move.reason ?? null,
      move.timeMs,
      move.doneTimeMs ?? null,
      move.id,
      stateCodes[move.from],
    );
    if (changed !== 1) throw new Error(`a delivery was not in the state ${move.from}`);
    tx.reports.push({
      accountId: move.accountId,
      deliveryId: move.id,
      state: move.to,
      timeMs: move.timeMs,
    });
  };
}

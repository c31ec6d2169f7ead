/**
 * The guarded end of a delivery: one statement that moves it from the state it was read in, and its final report. It stays known by which
 * attempt it was SUBMITTED, for receipts that come later.
 */
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

export type EndDelivery = (tx: Transaction, move: FinalMove) => void;

export function createEndDelivery(db: DatabaseSync): EndDelivery {
  const end = prepare(
    db,
    `UPDATE deliveries SET state = ?, code = ?, reason = ?, final_time = ?, done_time = ?, claimed_by = NULL,
       is_waiting = 0, progress = CASE state WHEN 3 THEN progress END
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

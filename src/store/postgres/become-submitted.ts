/** A locked delivery becomes SUBMITTED: that is reported, and what is already known of its end is judged (P2, P49). */
import type { DeliveryState } from "../../domain/delivery-state.ts";
import { type Judgement, judgeParts } from "../../domain/judge-parts.ts";
import type { AcceptedAttempt } from "../../domain/message.ts";
import { stateCodes, stateOf } from "../codes.ts";
import { packSubmittedBy } from "../late-answer.ts";
import { partToJudge } from "../part-tuple.ts";
import { attemptKey, type DeliveryRow } from "./locked-rows.ts";
import { endDelivery } from "./move-delivery.ts";
import type { Transaction } from "./transaction.ts";

/** By the receipts that waited on the parts of `accepted` it may end at once. Answers its state. */
export function becomeSubmitted(
  tx: Transaction,
  row: DeliveryRow,
  accepted: AcceptedAttempt,
  timeMs: number,
): DeliveryState {
  submit(tx, row, accepted, timeMs);
  const number = accepted.attempt ?? row.attempt_count;
  const early = judgeAttempt(tx, row, number);
  if (early !== undefined) {
    const { reason, doneTimeMs } = early;
    endDelivery(tx, row, {
      to: early.state,
      code: undefined,
      reason,
      timeMs: Math.max(timeMs, early.arrivalTimeMs),
      doneTimeMs,
    });
  } else if (!accepted.expectsReceipts) {
    endDelivery(tx, row, {
      to: "UNKNOWN",
      code: undefined,
      reason: "NO_RECEIPTS",
      timeMs,
      doneTimeMs: undefined,
    });
  }
  return stateOf(row.state);
}

/** What the receipts on the parts of an attempt that was read come to. */
export function judgeAttempt(
  { rows }: Transaction,
  row: DeliveryRow,
  attempt: number,
): Judgement | undefined {
  const parts = rows.attempts.get(attemptKey(row.id, attempt))?.parts ?? [];
  return judgeParts(parts.map(partToJudge));
}

/** Makes it SUBMITTED, and reports it. */
export function submit(tx: Transaction, row: DeliveryRow, accepted: AcceptedAttempt, timeMs: number): void {
  row.state = stateCodes.SUBMITTED;
  row.claimed_by = null;
  row.submit_time = timeMs;
  row.gateway_id = accepted.gatewayId;
  row.progress = packSubmittedBy(accepted, row.attempt_count);
  tx.rows.changedDeliveries.add(row);
  tx.reports.push({ accountId: row.account_id, deliveryId: row.id, state: "SUBMITTED", timeMs });
}

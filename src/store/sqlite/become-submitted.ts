/** A delivery becomes SUBMITTED: that is reported, and what is already known of its end is judged (P2, P49). */
import type { DatabaseSync } from "node:sqlite";
import type { DeliveryState } from "../../domain/delivery-state.ts";
import type { AccountId, DeliveryId } from "../../domain/ids.ts";
import { type Judgement, judgeParts } from "../../domain/judge-parts.ts";
import type { AcceptedAttempt } from "../../domain/message.ts";
import { packSubmittedBy } from "../late-answer.ts";
import { type PartTuple, parseParts, partToJudge } from "../part-tuple.ts";
import type { EndDelivery } from "./move-delivery.ts";
import { prepare } from "./statement.ts";
import type { Transaction } from "./transaction.ts";

export interface Submitted {
  readonly id: DeliveryId;
  readonly accountId: AccountId;
  /** Of the attempt by which it is SUBMITTED, where they may have receipts. */
  readonly parts: readonly PartTuple[];
  readonly expectsReceipts: boolean;
  readonly timeMs: number;
}

export interface BecomeSubmitted {
  /** Reports a row that is SUBMITTED. Answers its state after receipts that waited on its parts. */
  readonly tellSubmitted: (tx: Transaction, submitted: Submitted) => DeliveryState;
  /** What the receipts on an attempt's parts come to. */
  readonly judgeAttempt: (id: DeliveryId, attempt: number) => Judgement | undefined;
  /** Makes what is to be sent, or is being sent, SUBMITTED by an attempt whose parts were all accepted, and reports it. */
  readonly submitBy: (
    tx: Transaction,
    id: DeliveryId,
    accepted: AcceptedAttempt,
    timeMs: number,
  ) => DeliveryState;
}

/** Makes what is to be sent, or is being sent, SUBMITTED by what is known of an earlier attempt; the report is the caller's. */
export function prepareSubmitEarly(db: DatabaseSync) {
  return prepare(
    db,
    `UPDATE deliveries SET state = 3, claimed_by = NULL, is_waiting = 0, submit_time = ?, gateway_id = ?, progress = ?
     WHERE id = ? AND state IN (1, 2)`,
  );
}

export function createBecomeSubmitted(db: DatabaseSync, endDelivery: EndDelivery): BecomeSubmitted {
  const submitEarly = prepareSubmitEarly(db);
  const find = prepare<{ account_id: AccountId; attempt_count: number; parts: string | null }>(
    db,
    `SELECT account_id, attempt_count,
       (SELECT parts FROM all_attempts WHERE delivery_id = ?2 AND number = ifnull(?1, attempt_count)) AS parts
     FROM deliveries WHERE id = ?2`,
  );

  function tellSubmitted(tx: Transaction, submitted: Submitted): DeliveryState {
    const { id, accountId, parts, expectsReceipts, timeMs } = submitted;
    tx.reports.push({ accountId, deliveryId: id, state: "SUBMITTED", timeMs });
    const early = parts.length === 0 ? undefined : judgeParts(parts.map(partToJudge));
    if (early === undefined && expectsReceipts) return "SUBMITTED";
    const to = early?.state ?? "UNKNOWN";
    endDelivery(tx, {
      id,
      accountId,
      from: "SUBMITTED",
      to,
      code: undefined,
      reason: early === undefined ? "NO_RECEIPTS" : early.reason,
      timeMs: Math.max(timeMs, early?.arrivalTimeMs ?? 0),
      doneTimeMs: early?.doneTimeMs,
    });
    return to;
  }

  return {
    tellSubmitted,

    judgeAttempt(id, attempt) {
      const parts = find.get(attempt, id)?.parts ?? null;
      return parts === null ? undefined : judgeParts(parseParts(parts).map(partToJudge));
    },

    submitBy(tx, id, accepted, timeMs) {
      const row = find.get(accepted.attempt ?? null, id);
      if (row === undefined) throw new Error("a delivery that is SUBMITTED has no row");
      submitEarly.run(timeMs, accepted.gatewayId, packSubmittedBy(accepted, row.attempt_count), id);
      return tellSubmitted(tx, {
        id,
        accountId: row.account_id,
        parts: row.parts === null ? [] : parseParts(row.parts),
        expectsReceipts: accepted.expectsReceipts,
        timeMs,
      });
    },
  };
}

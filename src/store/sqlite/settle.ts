/**
 * Settling: the end of an attempt, guarded by the claim. A settlement whose claim was lost changes no state, but its attempt and the
 * SMSC's ids are recorded. Receipts that came before their response are applied in the same transaction (P2).
 */
import type { DatabaseSync } from "node:sqlite";
import { assertNever } from "../../domain/assert-never.ts";
import { decideSettlement, type Ending } from "../../domain/decide-settlement.ts";
import type { DeliveryState } from "../../domain/delivery-state.ts";
import type { AccountId } from "../../domain/ids.ts";
import { stateCodes, stateOf } from "../codes.ts";
import { packProgress, parseProgress } from "../delivery-progress.ts";
import {
  acceptedBefore,
  acceptedBy,
  isLate,
  isWhole,
  type LateSettlement,
  progressAfter,
  progressWith,
  recordedAs,
  verdictAfter,
} from "../late-answer.ts";
import type { PartTuple } from "../part-tuple.ts";
import type { Settlement, SettleOutcome } from "../settling.ts";
import type { BecomeSubmitted } from "./become-submitted.ts";
import { isFirst, type SettleFirst } from "./first-attempt.ts";
import type { EndDelivery } from "./move-delivery.ts";
import type { createRecordAttempt } from "./record-attempt.ts";
import type { ReplayParked } from "./record-receipts.ts";
import { prepare } from "./statement.ts";
import type { Transaction } from "./transaction.ts";

interface ClaimedRow {
  readonly account_id: AccountId;
  readonly state: number;
  readonly claimed_by: string | null;
  readonly claim_number: number;
  readonly is_cancel_requested: number;
  readonly expire_time: number;
  readonly attempt_count: number;
  readonly progress: string | null;
}

interface SettleParts extends ReturnType<typeof createRecordAttempt>, BecomeSubmitted {
  readonly endDelivery: EndDelivery;
  readonly settleFirst: SettleFirst;
  readonly replayParked: ReplayParked;
}

export function createSettle(
  db: DatabaseSync,
  { recordAttempt, recordLate, endDelivery, settleFirst, tellSubmitted, submitBy, replayParked }: SettleParts,
) {
  const find = prepare<ClaimedRow>(
    db,
    `SELECT account_id, state, claimed_by, claim_number, is_cancel_requested, expire_time, attempt_count, progress
     FROM deliveries WHERE id = ?`,
  );
  const submit = prepare(
    db,
    `UPDATE deliveries SET state = 3, claimed_by = NULL, submit_time = ?, attempt_count = ?, gateway_id = ?, progress = NULL
     WHERE id = ? AND claimed_by = ?`,
  );
  // A new submission takes a new reference; a delivery that was handed back untried keeps the one it has.
  const requeue = prepare(
    db,
    `UPDATE deliveries SET state = 1, claimed_by = NULL, is_waiting = 1, gateway_id = ?, available_time = ?, progress = ?,
       attempt_count = ?, reference = CASE WHEN ? THEN NULL ELSE reference END
     WHERE id = ? AND claimed_by = ?`,
  );
  const countAttempt = prepare(
    db,
    "UPDATE deliveries SET attempt_count = ?, gateway_id = ? WHERE id = ? AND claimed_by = ?",
  );
  const keepProgress = prepare(db, "UPDATE deliveries SET progress = ? WHERE id = ?");

  function settleLate(tx: Transaction, entry: LateSettlement, row: ClaimedRow): SettleOutcome {
    const { deliveryId: id, attempt, whole, timeMs, verdict } = entry;
    const delivery = { id, expireTimeMs: row.expire_time, lastNumber: row.attempt_count };
    const recorded = recordLate(delivery, attempt, verdict.copyTimeMs, whole.partCount);
    let state = stateOf(row.state);
    const isHeld =
      verdict.isHeld && row.claimed_by === entry.claimant && row.claim_number === entry.claimNumber;
    const isFree = row.claimed_by === null || isHeld;
    if (state === "QUEUED" && isFree && isWhole(recorded.parts, whole.partCount)) {
      state = submitBy(tx, id, acceptedBy(attempt, recorded.number, whole), timeMs);
    } else if (state === "QUEUED" || state === "SUBMITTING") {
      const before = parseProgress(row.progress);
      const after = progressWith(before, entry, recorded);
      if (after !== before) keepProgress.run(packProgress(after), id);
    }
    if (replayParked(tx, attempt)) state = stateOf(find.get(id)?.state ?? stateCodes[state]);
    return state === stateOf(row.state)
      ? recordedAs(state, entry, recorded.parts)
      : { kind: "settled", state };
  }

  /** What becomes of one that is SUBMITTED by its first attempt. */
  function told(tx: Transaction, { deliveryId, attempt }: Settlement): SettleOutcome {
    const hasApplied = attempt !== undefined && replayParked(tx, attempt);
    return { kind: "settled", state: hasApplied ? stateOf(find.get(deliveryId)?.state ?? 3) : "SUBMITTED" };
  }

  return function settle(tx: Transaction, entry: Settlement): SettleOutcome {
    const { deliveryId: id, attempt, timeMs } = entry;
    if (isFirst(entry) && settleFirst(tx, entry)) return told(tx, entry);
    const row = find.get(id);
    if (row === undefined) return { kind: "fenced" };
    if (isLate(entry)) return settleLate(tx, entry, row);
    const isFenced = row.claimed_by !== entry.claimant || row.claim_number !== entry.claimNumber;
    const delivery = { id, expireTimeMs: row.expire_time, lastNumber: row.attempt_count };
    const recorded = attempt === undefined ? undefined : recordAttempt(delivery, attempt, isFenced);
    if (isFenced) {
      if (attempt !== undefined) replayParked(tx, attempt);
      return { kind: "fenced" };
    }
    let state: DeliveryState = stateOf(row.state);
    const end = (ending: Ending) => {
      endDelivery(tx, {
        id,
        accountId: row.account_id,
        from: state,
        to: ending.state,
        code: ending.code,
        reason: ending.reason,
        timeMs,
        doneTimeMs: undefined,
      });
      state = ending.state;
    };
    const attemptCount = Math.max(row.attempt_count, attempt?.number ?? 0);
    const verdict = verdictAfter(entry, recorded?.parts ?? []);
    const accepted = acceptedBefore(row.progress, verdict);
    if (accepted !== undefined) {
      if (attempt !== undefined) countAttempt.run(attemptCount, accepted.gatewayId, id, entry.claimant);
      state = submitBy(tx, id, accepted, timeMs);
      if (attempt !== undefined && replayParked(tx, attempt))
        state = stateOf(find.get(id)?.state ?? stateCodes[state]);
      return { kind: "settled", state };
    }
    const decision = decideSettlement(state, row.is_cancel_requested === 1, verdict);
    switch (decision.kind) {
      case "requeue": {
        if (verdict.kind !== "retry") throw new Error("only a retry is queued again");
        const progress =
          attempt === undefined || recorded === undefined || !recorded.isContinued
            ? verdict.progress
            : progressAfter(verdict.progress, attempt.number, recorded.parts);
        requeue.run(
          verdict.gatewayId,
          verdict.availableTimeMs,
          packProgress(progress),
          attemptCount,
          attempt === undefined ? 0 : 1,
          id,
          entry.claimant,
        );
        state = "QUEUED";
        break;
      }
      case "submit": {
        if (attempt === undefined) throw new Error("a submitted delivery needs its attempt");
        submit.run(timeMs, attemptCount, attempt.gatewayId, id, entry.claimant);
        state = tellSubmitted(tx, {
          id,
          accountId: row.account_id,
          // Receipts that came while it was going on wait on the parts that were recorded before.
          parts: recorded?.isContinued ? recorded.parts : noParts,
          expectsReceipts: decision.ending === undefined,
          timeMs,
        });
        break;
      }
      case "end":
        if (attempt !== undefined) countAttempt.run(attemptCount, attempt.gatewayId, id, entry.claimant);
        end(decision.ending);
        break;
      default:
        return assertNever(decision);
    }
    if (attempt !== undefined && replayParked(tx, attempt))
      state = stateOf(find.get(id)?.state ?? stateCodes[state]);
    return { kind: "settled", state };
  };
}

const noParts: readonly PartTuple[] = [];

/**
 * Settling: the end of an attempt, guarded by the claim. A settlement whose claim was lost changes no state, but its attempt and the
 * SMSC's ids are recorded. Receipts that came before their response are applied in the same transaction (P2).
 */
import type { DatabaseSync } from "node:sqlite";
import { assertNever } from "../../domain/assert-never.ts";
import { decideSettlement, type Ending } from "../../domain/decide-settlement.ts";
import type { DeliveryState } from "../../domain/delivery-state.ts";
import type { AccountId } from "../../domain/ids.ts";
import { judgeParts } from "../../domain/judge-parts.ts";
import { noProgress } from "../../domain/message.ts";
import { stateCodes, stateOf } from "../codes.ts";
import { partToJudge } from "../part-tuple.ts";
import type { Settlement, SettleOutcome } from "../settling.ts";
import type { EndDelivery } from "./move-delivery.ts";
import type { createRecordAttempt, RecordedAttempt } from "./record-attempt.ts";
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
}

interface SettleParts {
  readonly recordAttempt: ReturnType<typeof createRecordAttempt>;
  readonly endDelivery: EndDelivery;
  readonly replayParked: ReplayParked;
}

const plainProgress = JSON.stringify(noProgress);

export function createSettle(db: DatabaseSync, { recordAttempt, endDelivery, replayParked }: SettleParts) {
  const find = prepare<ClaimedRow>(
    db,
    `SELECT account_id, state, claimed_by, claim_number, is_cancel_requested, expire_time, attempt_count
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

  return function settle(tx: Transaction, entry: Settlement): SettleOutcome {
    const { deliveryId: id, attempt, verdict, timeMs } = entry;
    const row = find.get(id);
    if (row === undefined) return { kind: "fenced" };
    const isFenced = row.claimed_by !== entry.claimant || row.claim_number !== entry.claimNumber;
    const delivery = { id, expireTimeMs: row.expire_time, lastNumber: row.attempt_count };
    const recorded = attempt === undefined ? undefined : recordAttempt(delivery, attempt, isFenced);
    if (isFenced) {
      if (attempt !== undefined) replayParked(tx, attempt);
      return { kind: "fenced" };
    }
    let state: DeliveryState = stateOf(row.state);
    const end = (ending: Ending, doneTimeMs: number | undefined) => {
      endDelivery(tx, {
        id,
        accountId: row.account_id,
        from: state,
        to: ending.state,
        code: ending.code,
        reason: ending.reason,
        timeMs,
        doneTimeMs,
      });
      state = ending.state;
    };
    const attemptCount = Math.max(row.attempt_count, attempt?.number ?? 0);
    const decision = decideSettlement(state, row.is_cancel_requested === 1, verdict);
    switch (decision.kind) {
      case "requeue": {
        if (verdict.kind !== "retry") throw new Error("only a retry is queued again");
        const progress = JSON.stringify(verdict.progress);
        requeue.run(
          verdict.gatewayId,
          verdict.availableTimeMs,
          progress === plainProgress ? null : progress,
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
        tx.reports.push({ accountId: row.account_id, deliveryId: id, state: "SUBMITTED", timeMs });
        state = "SUBMITTED";
        const early = judgeEarlyReceipts(recorded);
        if (early !== undefined) {
          const { reason, doneTimeMs, arrivalTimeMs } = early;
          endDelivery(tx, {
            id,
            accountId: row.account_id,
            from: state,
            to: early.state,
            code: undefined,
            reason,
            timeMs: Math.max(timeMs, arrivalTimeMs),
            doneTimeMs,
          });
          state = early.state;
        } else if (decision.ending !== undefined) end(decision.ending, undefined);
        break;
      }
      case "end":
        if (attempt !== undefined) countAttempt.run(attemptCount, attempt.gatewayId, id, entry.claimant);
        end(decision.ending, undefined);
        break;
      default:
        return assertNever(decision);
    }
    if (attempt !== undefined && replayParked(tx, attempt))
      state = stateOf(find.get(id)?.state ?? stateCodes[state]);
    return { kind: "settled", state };
  };
}

/** Receipts that came while the attempt was going on wait on its parts and are judged when it is SUBMITTED. */
function judgeEarlyReceipts(recorded: RecordedAttempt | undefined) {
  return recorded?.isContinued ? judgeParts(recorded.parts.map(partToJudge)) : undefined;
}

/**
 * Settling: the end of an attempt, guarded by the claim. A settlement whose claim was lost changes no state, but its attempt and the
 * SMSC's ids are recorded. Receipts that came before their response are applied in the same transaction (P2).
 */
import { assertNever } from "../../domain/assert-never.ts";
import { decideSettlement, type Ending } from "../../domain/decide-settlement.ts";
import { toGatewayId } from "../../domain/ids.ts";
import type { E164 } from "../../domain/message.ts";
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
import { packPart } from "../part-tuple.ts";
import type { DeliveryShown } from "../pending-report.ts";
import type { AttemptRecord, Settlement, SettleOutcome } from "../settling.ts";
import { becomeSubmitted } from "./become-submitted.ts";
import type { DeliveryRow } from "./locked-rows.ts";
import { endDelivery } from "./move-delivery.ts";
import type { QueueEnds } from "./queue-ends.ts";
import { addIds, type RecordedAttempt, recordAttempt, recordLate } from "./record-attempt.ts";
import { replayParked } from "./record-receipts.ts";
import { StepError } from "./store-error.ts";
import { isOfOnePart } from "./submit-plainly.ts";
import type { Transaction } from "./transaction.ts";

export function settle(tx: Transaction, queueEnds: QueueEnds, entry: Settlement): SettleOutcome {
  const { deliveryId, attempt, timeMs } = entry;
  const submitted = tx.rows.submitted.get(deliveryId);
  if (submitted !== undefined && attempt !== undefined) {
    if (!isOfOnePart(attempt)) addIds(tx.rows, submitted, attempt, attempt.number, attempt.parts);
    const { account_id: accountId, recipient } = submitted;
    const shown = tx.followed.has(accountId) ? shownOf(recipient, attempt, timeMs) : undefined;
    tx.reports.push({ accountId, deliveryId, state: "SUBMITTED", timeMs, shown });
    return { kind: "settled", state: "SUBMITTED" };
  }
  const row = tx.rows.deliveries.get(deliveryId);
  if (row === undefined) return { kind: "fenced" };
  if (isLate(entry)) return settleLate(tx, entry, row);
  const isFenced = row.claimed_by !== entry.claimant || row.claim_number !== entry.claimNumber;
  const recorded = attempt === undefined ? undefined : recordAttempt(tx, row, attempt, isFenced);
  if (isFenced) {
    if (attempt !== undefined) replayParked(tx, attempt);
    return { kind: "fenced" };
  }
  const verdict = verdictAfter(entry, recorded?.parts ?? []);
  const accepted = acceptedBefore(row.progress, verdict);
  if (accepted !== undefined) {
    row.attempt_count = Math.max(row.attempt_count, attempt?.number ?? 0);
    becomeSubmitted(tx, row, accepted, timeMs);
    if (attempt !== undefined) replayParked(tx, attempt);
    return { kind: "settled", state: stateOf(row.state) };
  }
  const decision = decideSettlement(stateOf(row.state), row.is_cancel_requested === 1, verdict);
  row.attempt_count = Math.max(row.attempt_count, attempt?.number ?? 0);
  switch (decision.kind) {
    case "requeue":
      requeue(tx, queueEnds, row, entry, recorded);
      break;
    case "submit": {
      if (attempt === undefined) throw new StepError("a submitted delivery needs its attempt");
      const expectsReceipts = decision.ending === undefined;
      const { gatewayId, number } = attempt;
      becomeSubmitted(tx, row, { attempt: number, gatewayId, expectsReceipts }, timeMs);
      break;
    }
    case "end":
      if (attempt !== undefined) row.gateway_id = attempt.gatewayId;
      end(tx, row, decision.ending, timeMs);
      break;
    default:
      return assertNever(decision);
  }
  tx.rows.changedDeliveries.add(row);
  if (attempt !== undefined) replayParked(tx, attempt);
  return { kind: "settled", state: stateOf(row.state) };
}

function settleLate(tx: Transaction, entry: LateSettlement, row: DeliveryRow): SettleOutcome {
  const { attempt, whole, timeMs, verdict } = entry;
  const recorded = recordLate(tx, row, attempt, verdict.copyTimeMs, whole.partCount);
  const before = stateOf(row.state);
  const isHeld =
    verdict.isHeld && row.claimed_by === entry.claimant && row.claim_number === entry.claimNumber;
  const isFree = row.claimed_by === null || isHeld;
  if (before === "QUEUED" && isFree && isWhole(recorded.parts, whole.partCount)) {
    becomeSubmitted(tx, row, acceptedBy(attempt, recorded.number, whole), timeMs);
  } else if (before === "QUEUED" || before === "SUBMITTING") {
    const known = parseProgress(row.progress);
    const progress = progressWith(known, entry, recorded);
    if (progress !== known) {
      row.progress = packProgress(progress);
      tx.rows.changedDeliveries.add(row);
    }
  }
  replayParked(tx, attempt);
  const state = stateOf(row.state);
  return state === before ? recordedAs(state, entry, recorded.parts) : { kind: "settled", state };
}

function requeue(
  tx: Transaction,
  queueEnds: QueueEnds,
  row: DeliveryRow,
  entry: Settlement,
  recorded: RecordedAttempt | undefined,
): void {
  const { verdict, attempt } = entry;
  if (verdict.kind !== "retry") throw new StepError("only a retry is queued again");
  const progress =
    attempt === undefined || recorded === undefined || !recorded.isContinued
      ? verdict.progress
      : progressAfter(verdict.progress, attempt.number, recorded.parts);
  row.state = stateCodes.QUEUED;
  row.claimed_by = null;
  row.gateway_id = verdict.gatewayId;
  row.available_time = verdict.availableTimeMs;
  row.progress = packProgress(progress);
  // A new submission takes a new reference; a delivery that was handed back untried keeps the one it has.
  if (attempt !== undefined) row.reference = null;
  tx.wokenQueues.add(toGatewayId(verdict.gatewayId));
  queueEnds.include(verdict.gatewayId, row.lane, { availableTimeMs: verdict.availableTimeMs, id: row.id });
}

function end(tx: Transaction, row: DeliveryRow, ending: Ending, timeMs: number): void {
  endDelivery(tx, row, {
    to: ending.state,
    code: ending.code,
    reason: ending.reason,
    timeMs,
    doneTimeMs: undefined,
  });
}

/** What the report of a plain submission shows of its delivery. */
function shownOf(recipient: E164, attempt: AttemptRecord, submitTimeMs: number): DeliveryShown {
  return {
    recipient,
    gateway_id: attempt.gatewayId,
    segment_count: attempt.segmentCount,
    attempt_segment_count: attempt.segmentCount,
    code: null,
    reason: null,
    submit_time: submitTimeMs,
    done_time: null,
    parts: JSON.stringify(attempt.parts.map(packPart)),
  };
}

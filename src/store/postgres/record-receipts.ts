/**
 * Finds the one part that a receipt means (P1, P3), keeps the receipt there, and moves the delivery when its parts decide it (P8). What
 * matches nothing yet waits (P2, parked-receipts.ts); what contradicts a final state is kept and changes nothing (P9).
 */
import type { Receipt, ReceiptedId } from "../../domain/receipt.ts";
import { stateOf } from "../codes.ts";
import {
  type CandidateFacts,
  gatewaysOf,
  isOfAnotherNumber,
  matchReceipt,
  mostUnderOneId,
  namesOf,
} from "../match-receipt.ts";
import { isOverdue } from "../parked-receipt.ts";
import type { AttemptRecord, ReceiptOutcome, TakenReceipt } from "../settling.ts";
import { submit } from "./become-submitted.ts";
import { shownAtEnd } from "./end-plainly.ts";
import { judgeReceipt } from "./judge-receipt.ts";
import { attemptKey, idKey, type ParkedRow, type SmscIdRow } from "./locked-rows.ts";
import { endDelivery, tellEnd } from "./move-delivery.ts";
import { findByKey, findByRawId, keepParked, park, receiptOf, unpark } from "./parked-receipts.ts";
import type { Transaction } from "./transaction.ts";

export function recordReceipt(tx: Transaction, receipt: Receipt): ReceiptOutcome {
  const ended = tx.rows.ended.get(receipt);
  if (ended !== undefined) {
    const shown = tx.followed.has(ended.accountId) ? shownAtEnd(ended) : undefined;
    tellEnd(tx, ended.accountId, ended.deliveryId, ended.move, shown);
    return ended.outcome;
  }
  const outcome = matchAndApply(tx, receipt, false);
  if (outcome !== undefined) return outcome;
  park(tx.rows, receipt);
  return { kind: "parked" };
}

/** Applies what was parked for the ids of an attempt; answers whether there was any. */
export function replayParked(tx: Transaction, attempt: AttemptRecord): boolean {
  if (tx.rows.parked.size === 0) return false;
  const names = namesOf(attempt);
  let hasApplied = false;

  /** Whether one of them was the part's last word. */
  function applyTo(id: ReceiptedId, waiting: readonly ParkedRow[]): boolean {
    // The newest is the part that is settled here.
    const [own] = waiting.length === 0 ? [] : findCandidates(tx, attempt.gatewayId, id);
    const facts = own === undefined ? undefined : factsOf(tx.rows, own);
    for (const parked of waiting) {
      const receipt = receiptOf(parked);
      if (facts === undefined || isOfAnotherNumber(receipt, facts.recipient)) continue;
      if (matchAndApply(tx, receipt, false) === undefined) continue;
      unpark(tx.rows, parked);
      hasApplied = true;
      if (receipt.verdict !== "RECORDED") return true;
    }
    return false;
  }

  for (const { smscMessageId, matchKey = smscMessageId } of attempt.parts) {
    if (smscMessageId === undefined || matchKey === undefined) continue;
    const id = { smscMessageId, matchKey };
    const isEnded = applyTo(
      id,
      names.flatMap((name) => findByKey(tx.rows, name, matchKey)),
    );
    // A part is looked for under its key alone: where that is not the id itself, what is written like the id leads elsewhere, and many
    // parts that share it would each look at a hundred receipts for nothing.
    if (isEnded || matchKey !== smscMessageId) continue;
    applyTo(
      id,
      names.flatMap((name) => findByRawId(tx.rows, name, id)),
    );
  }
  return hasApplied;
}

/** Looks again at a receipt whose time has come: no response has made its id mean another part. */
export function takeParked(tx: Transaction, parked: ParkedRow, nowMs: number): TakenReceipt | undefined {
  const receipt = receiptOf(parked);
  const outcome = matchAndApply(tx, receipt, isOverdue(receipt, nowMs));
  if (outcome === undefined) {
    keepParked(tx.rows, parked, nowMs);
    return undefined;
  }
  unpark(tx.rows, parked);
  const { gatewayId, smscMessageId, verdict } = receipt;
  return { gatewayId, smscMessageId, verdict, outcome };
}

/** Newest first. */
function findCandidates(
  { rows }: Transaction,
  gatewayId: string,
  { smscMessageId, matchKey }: ReceiptedId,
): readonly SmscIdRow[] {
  const byKey = newestOf(rows, idKey(gatewayId, matchKey));
  if (smscMessageId === matchKey) return byKey;
  // What this transaction adds is not numbered yet.
  const seqOf = ({ seq = Number.MAX_SAFE_INTEGER }: SmscIdRow) => seq;
  const both = byKey.concat(newestOf(rows, idKey(gatewayId, smscMessageId)));
  return both.sort((left, right) => seqOf(right) - seqOf(left));
}

function newestOf(rows: Transaction["rows"], key: string): SmscIdRow[] {
  const newest = (rows.smscIds.get(key) ?? []).slice(-mostUnderOneId).reverse();
  return newest.filter((row) => factsOf(rows, row) !== undefined);
}

/** Undefined where cleaning has deleted it. */
function factsOf({ attempts, deliveries }: Transaction["rows"], row: SmscIdRow): CandidateFacts | undefined {
  const attempt = attempts.get(attemptKey(row.delivery_id, row.attempt));
  const delivery = deliveries.get(row.delivery_id);
  if (attempt === undefined || delivery === undefined) return undefined;
  return { recipient: delivery.recipient, state: stateOf(delivery.state), parts: attempt.parts };
}

/** The outcome, or undefined where the receipt waits. */
function matchAndApply(tx: Transaction, receipt: Receipt, mayGuess: boolean): ReceiptOutcome | undefined {
  const match = matchReceipt(
    receipt,
    {
      find: (id) => gatewaysOf(receipt).flatMap((gatewayId) => findCandidates(tx, gatewayId, id)),
      factsOf: (row) => factsOf(tx.rows, row) ?? gone,
    },
    mayGuess,
  );
  return match.kind === "one" ? apply(tx, receipt, match.candidate, match.isGuess) : undefined;
}

/** No candidate is without its rows. */
const gone: CandidateFacts = { recipient: "", state: "UNKNOWN", parts: [] };

function apply(
  tx: Transaction,
  receipt: Receipt,
  candidate: SmscIdRow,
  isGuess: boolean,
): ReceiptOutcome | undefined {
  const { rows } = tx;
  const attempt = rows.attempts.get(attemptKey(candidate.delivery_id, candidate.attempt));
  const delivery = rows.deliveries.get(candidate.delivery_id);
  if (attempt === undefined || delivery === undefined) return undefined;
  const deliveryId = candidate.delivery_id;
  const state = stateOf(delivery.state);
  const { kept, decision } = judgeReceipt(receipt, candidate, delivery, attempt);
  attempt.parts = kept.parts;
  if (!rows.newAttempts.has(attempt)) rows.changedAttempts.add(attempt);
  if (decision.kind === "contradicted") return { kind: "contradicted", deliveryId, state, isGuess };
  if (decision.kind === "nothing")
    return { kind: "matched", deliveryId, state, isFirstFinal: false, isGuess, sinceSubmitMs: undefined };
  const { judgement, isOvertaking } = decision;
  if (isOvertaking) {
    const { gatewayId, arrivalTimeMs } = receipt;
    submit(tx, delivery, { attempt: candidate.attempt, gatewayId, expectsReceipts: true }, arrivalTimeMs);
  }
  const timeMs = Math.max(receipt.arrivalTimeMs, delivery.submit_time ?? 0);
  const sinceSubmitMs = timeMs - (delivery.submit_time ?? timeMs);
  endDelivery(tx, delivery, {
    to: judgement.state,
    code: undefined,
    reason: judgement.reason,
    timeMs,
    doneTimeMs: judgement.doneTimeMs,
  });
  const ended = {
    kind: "matched",
    deliveryId,
    state: judgement.state,
    isFirstFinal: true,
    isGuess,
    sinceSubmitMs,
  } as const;
  return isOvertaking ? { ...ended, isOvertaking } : ended;
}

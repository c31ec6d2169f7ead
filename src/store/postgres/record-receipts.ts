/**
 * Receipts: finds the one part a receipt speaks of (P1, P3), keeps it there, and moves the delivery when its parts decide it (P8).
 * What matches nothing yet is parked (P2); what contradicts a final state is kept and changes nothing (P9).
 */
import { isFinal } from "../../domain/delivery-state.ts";
import { contradicts, judgeParts } from "../../domain/judge-parts.ts";
import type { Receipt } from "../../domain/receipt.ts";
import { stateOf } from "../codes.ts";
import { keepReceipt, matchReceipt, oldestMatchMs } from "../match-receipt.ts";
import { partToJudge } from "../part-tuple.ts";
import type { AttemptRecord, ReceiptOutcome } from "../settling.ts";
import { attemptKey, idKey, type ParkedRow, type SmscIdRow } from "./locked-rows.ts";
import { endDelivery } from "./move-delivery.ts";
import type { Transaction } from "./transaction.ts";

export function recordReceipt(tx: Transaction, receipt: Receipt): ReceiptOutcome {
  const outcome = matchAndApply(tx, receipt);
  if (outcome !== undefined) return outcome;
  park(tx, receipt);
  return { kind: "parked" };
}

/** Applies what was parked for the ids of an attempt; answers whether there was any. */
export function replayParked(tx: Transaction, attempt: AttemptRecord): boolean {
  if (tx.rows.parked.size === 0) return false;
  let hasApplied = false;
  for (const { smscMessageId, matchKey } of attempt.parts) {
    if (smscMessageId === undefined) continue;
    for (const parked of findParked(tx, attempt.gatewayId, matchKey ?? smscMessageId, smscMessageId)) {
      if (applyParked(tx, parked)) hasApplied = true;
    }
  }
  return hasApplied;
}

/** Applies one parked receipt where it finds its part now. */
export function applyParked(tx: Transaction, parked: ParkedRow): boolean {
  // Fields that were undefined are absent in JSON, which reads the same.
  const receipt: Receipt = {
    ...(JSON.parse(parked.receipt) as Omit<Receipt, "raw">),
    raw: new Uint8Array(parked.raw),
  };
  if (matchAndApply(tx, receipt) === undefined) return false;
  tx.rows.parked.delete(parked);
  if (!tx.rows.newParked.delete(parked)) tx.rows.unparked.add(parked);
  return true;
}

function findCandidates({ rows }: Transaction, receipt: Receipt): readonly SmscIdRow[] {
  const { gatewayId, smscMessageId, matchKey, arrivalTimeMs } = receipt;
  const found = [...(rows.smscIds.get(idKey(gatewayId, matchKey)) ?? [])];
  if (smscMessageId !== matchKey) found.push(...(rows.smscIds.get(idKey(gatewayId, smscMessageId)) ?? []));
  return found.filter(({ expire_time }) => expire_time > oldestMatchMs(arrivalTimeMs));
}

/** The outcome, or undefined where nothing matches yet. */
function matchAndApply(tx: Transaction, receipt: Receipt): ReceiptOutcome | undefined {
  const partsOf = ({ delivery_id, attempt }: SmscIdRow) =>
    tx.rows.attempts.get(attemptKey(delivery_id, attempt))?.parts ?? [];
  const match = matchReceipt(receipt, findCandidates(tx, receipt), partsOf);
  if (match.kind === "none") return undefined;
  if (match.kind === "one") return apply(tx, receipt, match.candidate);
  tx.rows.strays.push({
    gateway_id: receipt.gatewayId,
    why: "NOT_UNIQUE",
    smsc_message_id: receipt.smscMessageId,
    arrival_time: receipt.arrivalTimeMs,
    raw: receipt.raw,
  });
  return { kind: "not_unique" };
}

function apply(tx: Transaction, receipt: Receipt, candidate: SmscIdRow): ReceiptOutcome | undefined {
  const { rows } = tx;
  const attempt = rows.attempts.get(attemptKey(candidate.delivery_id, candidate.attempt));
  const delivery = rows.deliveries.get(candidate.delivery_id);
  if (attempt === undefined || delivery === undefined) return undefined;
  const kept = keepReceipt(attempt.parts, candidate, receipt);
  attempt.parts = kept.parts;
  if (!rows.newAttempts.has(attempt)) rows.changedAttempts.add(attempt);
  const isDecisive = receipt.verdict !== "RECORDED";
  const deliveryId = candidate.delivery_id;
  const state = stateOf(delivery.state);
  const unmoved: ReceiptOutcome = { kind: "matched", deliveryId, state, isFirstFinal: false };
  // An abandoned attempt's receipt, and one that comes before all parts are accepted, stay on their part.
  if (!isDecisive || candidate.attempt !== delivery.attempt_count) return unmoved;
  if (kept.isContradiction) return { kind: "contradicted", deliveryId, state };
  const judgement = judgeParts(kept.parts.map(partToJudge));
  if (judgement === undefined) return unmoved;
  if (isFinal(state)) {
    return contradicts(judgement.state, state) ? { kind: "contradicted", deliveryId, state } : unmoved;
  }
  if (state !== "SUBMITTED") return unmoved;
  endDelivery(tx, delivery, {
    to: judgement.state,
    code: undefined,
    reason: judgement.reason,
    timeMs: Math.max(receipt.arrivalTimeMs, delivery.submit_time ?? 0),
    doneTimeMs: judgement.doneTimeMs,
  });
  return { kind: "matched", deliveryId, state: judgement.state, isFirstFinal: true };
}

function findParked(
  { rows }: Transaction,
  gatewayId: string,
  matchKey: string,
  smscMessageId: string,
): readonly ParkedRow[] {
  return [...rows.parked].filter(
    (row) => row.gateway_id === gatewayId && (row.match_key === matchKey || row.raw_id === smscMessageId),
  );
}

function park(tx: Transaction, receipt: Receipt): void {
  const { gatewayId, matchKey, smscMessageId, arrivalTimeMs, raw } = receipt;
  const isKnown = findParked(tx, gatewayId, matchKey, smscMessageId).some(
    (parked) => Buffer.compare(parked.raw, raw) === 0,
  );
  // An SMSC that had no answer sends its receipt again.
  if (isKnown) return;
  const { raw: _, ...rest } = receipt;
  const row: ParkedRow = {
    id: undefined,
    gateway_id: gatewayId,
    match_key: matchKey,
    raw_id: smscMessageId,
    arrival_time: arrivalTimeMs,
    receipt: JSON.stringify(rest),
    raw,
  };
  tx.rows.parked.add(row);
  tx.rows.newParked.add(row);
}

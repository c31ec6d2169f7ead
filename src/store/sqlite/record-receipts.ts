/**
 * Receipts: finds the one part a receipt speaks of (P1, P3), keeps it there, and moves the delivery when its parts decide it (P8).
 * What matches nothing yet is parked (P2); what contradicts a final state is kept and changes nothing (P9).
 */
import type { DatabaseSync } from "node:sqlite";
import type { DeliveryState } from "../../domain/delivery-state.ts";
import { isFinal } from "../../domain/delivery-state.ts";
import type { AccountId, DeliveryId, GatewayId } from "../../domain/ids.ts";
import { contradicts, judgeParts } from "../../domain/judge-parts.ts";
import type { Receipt } from "../../domain/receipt.ts";
import { stateOf } from "../codes.ts";
import { keepReceipt, matchReceipt, oldestMatchMs, type PartCandidate } from "../match-receipt.ts";
import { type PartTuple, parseParts, partToJudge } from "../part-tuple.ts";
import type { AttemptRecord, ReceiptOutcome } from "../settling.ts";
import type { EndDelivery } from "./move-delivery.ts";
import { prepare } from "./statement.ts";
import type { Transaction } from "./transaction.ts";

/** A part's id with its attempt, and what of its delivery decides where a receipt leads. */
interface Candidate extends PartCandidate {
  readonly delivery_id: DeliveryId;
  readonly parts: string;
  readonly account_id: AccountId;
  readonly state: number;
  readonly attempt_count: number;
  readonly submit_time: number | null;
}

interface ParkedRow {
  readonly id: number;
  readonly receipt: string;
  readonly raw: Uint8Array;
}

/** Applies what was parked for the ids of an attempt; answers whether there was any. */
export type ReplayParked = (tx: Transaction, attempt: AttemptRecord) => boolean;

export function createRecordReceipts(db: DatabaseSync, endDelivery: EndDelivery) {
  const findIds = prepare<Candidate>(
    db,
    `SELECT s.match_key, s.delivery_id, s.attempt, s.part, s.raw_id, a.parts, d.account_id, d.state, d.attempt_count,
       d.submit_time
     FROM smsc_ids s
     CROSS JOIN attempts a ON a.delivery_id = s.delivery_id AND a.number = s.attempt
     CROSS JOIN deliveries d ON d.id = s.delivery_id
     WHERE s.gateway_id = ? AND s.match_key = ? AND s.expire_time > ?`,
  );
  const keepParts = prepare(db, "UPDATE attempts SET parts = ? WHERE delivery_id = ? AND number = ?");
  const findParked = prepare<ParkedRow>(
    db,
    `SELECT id, receipt, raw FROM parked_receipts WHERE gateway_id = ?1 AND match_key = ?2
     UNION SELECT id, receipt, raw FROM parked_receipts WHERE gateway_id = ?1 AND raw_id = ?3 ORDER BY id`,
  );
  const park = prepare(
    db,
    "INSERT INTO parked_receipts (gateway_id, match_key, raw_id, arrival_time, receipt, raw) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const unpark = prepare(db, "DELETE FROM parked_receipts WHERE id = ?");
  const keepStray = prepare(
    db,
    "INSERT INTO stray_receipts (gateway_id, why, smsc_message_id, arrival_time, raw) VALUES (?, ?, ?, ?, ?)",
  );

  function findCandidates({
    gatewayId,
    smscMessageId,
    matchKey,
    arrivalTimeMs,
  }: Receipt): readonly Candidate[] {
    const oldestMs = oldestMatchMs(arrivalTimeMs);
    const byKey = findIds.all(gatewayId, matchKey, oldestMs);
    // Two lookups and no IN: SQLite makes a table of the values of an IN for each execution.
    return matchKey === smscMessageId ? byKey : byKey.concat(findIds.all(gatewayId, smscMessageId, oldestMs));
  }

  function apply(tx: Transaction, receipt: Receipt, candidate: Candidate): ReceiptOutcome {
    const kept = keepReceipt(partsOf(candidate), candidate, receipt);
    keepParts.run(JSON.stringify(kept.parts), candidate.delivery_id, candidate.attempt);
    const isDecisive = receipt.verdict !== "RECORDED";
    const deliveryId = candidate.delivery_id;
    const state: DeliveryState = stateOf(candidate.state);
    const unmoved: ReceiptOutcome = { kind: "matched", deliveryId, state, isFirstFinal: false };
    // An abandoned attempt's receipt, and one that comes before all parts are accepted, stay on their part.
    if (!isDecisive || candidate.attempt !== candidate.attempt_count) return unmoved;
    if (kept.isContradiction) return { kind: "contradicted", deliveryId, state };
    const judgement = judgeParts(kept.parts.map(partToJudge));
    if (judgement === undefined) return unmoved;
    if (isFinal(state)) {
      return contradicts(judgement.state, state) ? { kind: "contradicted", deliveryId, state } : unmoved;
    }
    if (state !== "SUBMITTED") return unmoved;
    endDelivery(tx, {
      id: deliveryId,
      accountId: candidate.account_id,
      from: state,
      to: judgement.state,
      code: undefined,
      reason: judgement.reason,
      // A receipt may have come before its response.
      timeMs: Math.max(receipt.arrivalTimeMs, candidate.submit_time ?? 0),
      doneTimeMs: judgement.doneTimeMs,
    });
    return { kind: "matched", deliveryId, state: judgement.state, isFirstFinal: true };
  }

  /** The outcome, or undefined where nothing matches yet. */
  function matchAndApply(tx: Transaction, receipt: Receipt): ReceiptOutcome | undefined {
    const match = matchReceipt(receipt, findCandidates(receipt), partsOf);
    if (match.kind === "none") return undefined;
    if (match.kind === "one") return apply(tx, receipt, match.candidate);
    keepStray.run(receipt.gatewayId, "NOT_UNIQUE", receipt.smscMessageId, receipt.arrivalTimeMs, receipt.raw);
    return { kind: "not_unique" };
  }

  function parkReceipt(tx: Transaction, receipt: Receipt): void {
    const { gatewayId, matchKey, smscMessageId, arrivalTimeMs, raw } = receipt;
    const isKnown = findParked
      .all(gatewayId, matchKey, smscMessageId)
      .some((parked) => Buffer.compare(parked.raw, raw) === 0);
    // An SMSC that had no answer sends its receipt again.
    if (isKnown) return;
    const { raw: _, ...rest } = receipt;
    park.run(gatewayId, matchKey, smscMessageId, arrivalTimeMs, JSON.stringify(rest), raw);
    tx.parkedReceipts += 1;
  }

  return {
    recordReceipt(tx: Transaction, receipt: Receipt): ReceiptOutcome {
      const outcome = matchAndApply(tx, receipt);
      if (outcome !== undefined) return outcome;
      parkReceipt(tx, receipt);
      return { kind: "parked" };
    },

    replayParked(tx: Transaction, attempt: AttemptRecord): boolean {
      // Mostly nothing is parked at all, and then no statement runs for it.
      if (tx.parkedReceipts === 0) return false;
      let hasApplied = false;
      for (const { smscMessageId, matchKey } of attempt.parts) {
        if (smscMessageId === undefined) continue;
        for (const parked of findParked.all(attempt.gatewayId, matchKey ?? smscMessageId, smscMessageId)) {
          const receipt = parseParkedReceipt(parked);
          if (matchAndApply(tx, receipt) === undefined) continue;
          unpark.run(parked.id);
          tx.parkedReceipts -= 1;
          hasApplied = true;
        }
      }
      return hasApplied;
    },

    recordUnparsableReceipt(gatewayId: GatewayId, raw: Uint8Array, arrivalTimeMs: number): void {
      keepStray.run(gatewayId, "UNPARSABLE", null, arrivalTimeMs, raw);
    },
  };
}

function partsOf({ parts }: Candidate): readonly PartTuple[] {
  return parseParts(parts);
}

/** Fields that were undefined are absent in JSON, which reads the same. */
function parseParkedReceipt({ receipt, raw }: ParkedRow): Receipt {
  return { ...(JSON.parse(receipt) as Omit<Receipt, "raw">), raw };
}

/**
 * Finds the one part that a receipt means (P1, P3), keeps the receipt there, and moves the delivery when its parts decide it (P8). What
 * matches nothing yet waits (P2, parked-receipts.ts); what contradicts a final state is kept and changes nothing (P9).
 */
import type { DatabaseSync } from "node:sqlite";
import type { DeliveryState } from "../../domain/delivery-state.ts";
import type { AccountId, DeliveryId, GatewayId } from "../../domain/ids.ts";
import type { Receipt, ReceiptedId } from "../../domain/receipt.ts";
import { stateOf } from "../codes.ts";
import { decideReceipt } from "../decide-receipt.ts";
import { packSubmittedBy, speakingAttempt } from "../late-answer.ts";
import {
  type CandidateFacts,
  gatewaysOf,
  isOfAnotherNumber,
  keepReceipt,
  matchReceipt,
  mostUnderOneId,
  namesOf,
  type PartCandidate,
} from "../match-receipt.ts";
import { isOverdue, parseParkedReceipt } from "../parked-receipt.ts";
import { type PartTuple, parseParts } from "../part-tuple.ts";
import type { AttemptRecord, ReceiptOutcome, TakenReceipt, TakenReceipts } from "../settling.ts";
import type { RenameRequest, SweepRequest } from "../write-steps.ts";
import { prepareSubmitEarly } from "./become-submitted.ts";
import type { EndDelivery } from "./move-delivery.ts";
import { createParkedReceipts, type ParkedRow } from "./parked-receipts.ts";
import type { Remembered } from "./remembered.ts";
import { prepare } from "./statement.ts";
import type { Transaction } from "./transaction.ts";
import { createRecordUsual } from "./usual-receipt.ts";

/** A part's id with its attempt, and what of its delivery decides where a receipt leads. */
interface Candidate extends PartCandidate {
  readonly delivery_id: DeliveryId;
  readonly account_id: AccountId;
  readonly recipient: string;
  readonly attempt_count: number;
  readonly submit_time: number | null;
  readonly parts: string;
  readonly outcome: string;
  readonly state: number;
  readonly progress: string | null;
  /** 1 where its attempt stands on the delivery. */
  readonly is_on_delivery: number;
  parsed?: readonly PartTuple[];
}

type Find = (gatewayId: GatewayId, id: ReceiptedId) => readonly Candidate[];

/** Applies what was parked for the ids of an attempt; answers whether there was any. */
export type ReplayParked = (tx: Transaction, attempt: AttemptRecord) => boolean;

export function createRecordReceipts(db: DatabaseSync, endDelivery: EndDelivery, remembered: Remembered) {
  const parkedReceipts = createParkedReceipts(db);
  const findIds = prepare<Candidate>(
    db,
    `SELECT s.match_key, s.delivery_id, s.attempt, s.part, s.raw_id, ifnull(a.parts, d.first_parts) AS parts,
       ifnull(a.outcome, 'ACCEPTED') AS outcome, d.account_id, d.recipient, d.state, d.attempt_count, d.submit_time, d.progress,
       a.parts IS NULL AS is_on_delivery
     FROM smsc_ids s
     CROSS JOIN deliveries d ON d.id = s.delivery_id
     LEFT JOIN attempts a ON (s.attempt <> 1 OR d.first_parts IS NULL) AND a.delivery_id = s.delivery_id AND a.number = s.attempt
     WHERE s.gateway_id = ? AND s.match_key = ? AND (a.parts IS NOT NULL OR (s.attempt = 1 AND d.first_parts IS NOT NULL))
     ORDER BY s.nth DESC LIMIT ${mostUnderOneId}`,
  );
  const keepInRow = prepare(db, "UPDATE attempts SET parts = ? WHERE delivery_id = ? AND number = ?");
  const keepOnDelivery = prepare(db, "UPDATE deliveries SET first_parts = ? WHERE id = ?");
  const submitEarly = prepareSubmitEarly(db);
  const recordUsual = createRecordUsual(db, remembered);
  const keepStray = prepare(
    db,
    "INSERT INTO stray_receipts (gateway_id, why, smsc_message_id, arrival_time, raw) VALUES (?, ?, ?, ?, ?)",
  );

  const find: Find = (gatewayId, { smscMessageId, matchKey }) => {
    const byKey = findIds.all(gatewayId, matchKey);
    // Two lookups and no IN: SQLite makes a table of the values of an IN for each execution.
    return matchKey === smscMessageId ? byKey : byKey.concat(findIds.all(gatewayId, smscMessageId));
  };

  /** For many receipts that wait under one id: what was found for one serves the next, until one of them changes it. */
  function createLookup(): { readonly find: Find; readonly forget: () => void } {
    const known = new Map<string, readonly Candidate[]>();
    return {
      find: (gatewayId, id) => {
        const key = `${gatewayId}\n${id.matchKey}\n${id.smscMessageId}`;
        const found = known.get(key) ?? find(gatewayId, id);
        known.set(key, found);
        return found;
      },
      forget: () => known.clear(),
    };
  }

  function apply(tx: Transaction, receipt: Receipt, candidate: Candidate, isGuess: boolean): ReceiptOutcome {
    const kept = keepReceipt(partsOf(candidate), candidate, receipt);
    const packed = JSON.stringify(kept.parts);
    if (candidate.is_on_delivery === 1) keepOnDelivery.run(packed, candidate.delivery_id);
    else keepInRow.run(packed, candidate.delivery_id, candidate.attempt);
    const deliveryId = candidate.delivery_id;
    // Reading would show this receipt with reports of the same commit.
    if (tx.followed.has(candidate.account_id))
      for (const report of tx.reports) if (report.deliveryId === deliveryId) report.shown = undefined;
    const state: DeliveryState = stateOf(candidate.state);
    const decision = decideReceipt({
      ...kept,
      verdict: receipt.verdict,
      isCurrent: candidate.attempt === speakingAttempt(candidate.progress, candidate.attempt_count),
      attemptOutcome: candidate.outcome,
      state,
    });
    if (decision.kind === "contradicted") return { kind: "contradicted", deliveryId, state, isGuess };
    if (decision.kind === "nothing")
      return { kind: "matched", deliveryId, state, isFirstFinal: false, isGuess, sinceSubmitMs: undefined };
    const { judgement, isOvertaking } = decision;
    const accountId = candidate.account_id;
    if (isOvertaking) {
      const timeMs = receipt.arrivalTimeMs;
      const { gatewayId } = receipt;
      const accepted = { attempt: candidate.attempt, gatewayId, expectsReceipts: true };
      submitEarly.run(timeMs, gatewayId, packSubmittedBy(accepted, candidate.attempt_count), deliveryId);
      tx.reports.push({ accountId, deliveryId, state: "SUBMITTED", timeMs });
    }
    // A receipt may have come before its response.
    const timeMs = Math.max(receipt.arrivalTimeMs, candidate.submit_time ?? 0);
    endDelivery(tx, {
      id: deliveryId,
      accountId,
      from: "SUBMITTED",
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
      sinceSubmitMs: timeMs - (candidate.submit_time ?? timeMs),
    } as const;
    return isOvertaking ? { ...ended, isOvertaking } : ended;
  }

  /** The outcome, or undefined where the receipt waits. */
  function matchAndApply(
    tx: Transaction,
    receipt: Receipt,
    findCandidates: Find,
    mayGuess: boolean,
  ): ReceiptOutcome | undefined {
    const source = {
      find: (id: ReceiptedId) => gatewaysOf(receipt).flatMap((gatewayId) => findCandidates(gatewayId, id)),
      factsOf,
    };
    const match = matchReceipt(receipt, source, mayGuess);
    return match.kind === "one" ? apply(tx, receipt, match.candidate, match.isGuess) : undefined;
  }

  return {
    recordReceipt(tx: Transaction, receipt: Receipt): ReceiptOutcome {
      const outcome = recordUsual(tx, receipt) ?? matchAndApply(tx, receipt, find, false);
      if (outcome !== undefined) return outcome;
      parkedReceipts.park(tx, receipt);
      return { kind: "parked" };
    },

    replayParked(tx: Transaction, attempt: AttemptRecord): boolean {
      // Mostly nothing is parked at all, and then no statement runs for it.
      if (tx.parkedReceipts === 0) return false;
      const lookup = createLookup();
      const names = namesOf(attempt);
      let hasApplied = false;

      /** Whether one of them was the part's last word. */
      function applyTo(id: ReceiptedId, waiting: readonly ParkedRow[]): boolean {
        // The newest is the part that is settled here.
        const own = waiting.length === 0 ? undefined : lookup.find(attempt.gatewayId, id)[0];
        for (const parked of waiting) {
          const receipt = parseParkedReceipt(parked.receipt, parked.raw);
          if (own === undefined || isOfAnotherNumber(receipt, own.recipient)) continue;
          if (matchAndApply(tx, receipt, lookup.find, false) === undefined) continue;
          lookup.forget();
          parkedReceipts.unpark(tx, parked);
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
          names.flatMap((name) => parkedReceipts.findByKey(name, matchKey)),
        );
        // A part is looked for under its key alone: where that is not the id itself, what is written like the id leads elsewhere, and
        // many parts that share it would each read a hundred receipts for nothing.
        if (isEnded || matchKey !== smscMessageId) continue;
        applyTo(
          id,
          names.flatMap((name) => parkedReceipts.findByRawId(name, id)),
        );
      }
      return hasApplied;
    },

    /** Looks again at receipts whose time has come: no response has made their id mean another part. */
    takeParked(tx: Transaction, { nowMs, limit }: SweepRequest): TakenReceipts {
      if (tx.parkedReceipts === 0) return { taken: [], hasMore: false };
      const lookup = createLookup();
      const due = parkedReceipts.findDue(nowMs, limit);
      const taken: TakenReceipt[] = [];
      for (const parked of due) {
        const receipt = parseParkedReceipt(parked.receipt, parked.raw);
        const outcome = matchAndApply(tx, receipt, lookup.find, isOverdue(receipt, nowMs));
        if (outcome === undefined) parkedReceipts.keep(parked, nowMs);
        else {
          lookup.forget();
          parkedReceipts.unpark(tx, parked);
          const { gatewayId, smscMessageId, verdict } = receipt;
          taken.push({ gatewayId, smscMessageId, verdict, outcome });
        }
      }
      return { taken, hasMore: due.length >= limit };
    },

    renameReceipts: (tx: Transaction, request: RenameRequest): number =>
      tx.parkedReceipts === 0 ? 0 : parkedReceipts.rename(request),

    recordUnparsableReceipt(gatewayId: GatewayId, raw: Uint8Array, arrivalTimeMs: number): void {
      keepStray.run(gatewayId, "UNPARSABLE", null, arrivalTimeMs, raw);
    },
  };
}

function partsOf(candidate: Candidate): readonly PartTuple[] {
  return (candidate.parsed ??= parseParts(candidate.parts));
}

function factsOf(candidate: Candidate): CandidateFacts {
  return { recipient: candidate.recipient, state: stateOf(candidate.state), parts: partsOf(candidate) };
}

/**
 * The usual receipt: of a part that the writer remembers as the only one under its id. It is matched and judged as any other, by what
 * is remembered; one statement writes what comes of it, guarded by all that this followed from. Where the guard fails, or where
 * anything else is the case, nothing is written and record-receipts.ts reads.
 */
import type { DatabaseSync } from "node:sqlite";
import type { Receipt } from "../../domain/receipt.ts";
import { stateCodes } from "../codes.ts";
import { decideReceipt } from "../decide-receipt.ts";
import { keepReceipt, matchReceipt, type PartCandidate } from "../match-receipt.ts";
import type { PendingReport } from "../pending-report.ts";
import type { ReceiptOutcome } from "../settling.ts";
import { type Remembered, type SubmittedDelivery, shownOf } from "./remembered.ts";
import { prepare } from "./statement.ts";
import type { Transaction } from "./transaction.ts";

export type RecordUsual = (tx: Transaction, receipt: Receipt) => ReceiptOutcome | undefined;

interface RememberedPart extends PartCandidate {
  readonly delivery: SubmittedDelivery;
}

export function createRecordUsual(db: DatabaseSync, remembered: Remembered): RecordUsual {
  const unchanged = "id = ? AND state = 3 AND progress IS NULL AND first_parts = ?";
  const keep = prepare(db, `UPDATE deliveries SET first_parts = ? WHERE ${unchanged}`);
  const end = prepare(
    db,
    `UPDATE deliveries SET first_parts = ?, state = ?, code = NULL, reason = ?, final_time = ?, done_time = ? WHERE ${unchanged}`,
  );

  return (tx, receipt) => {
    const { gatewayId, matchKey, formerGatewayIds = [] } = receipt;
    if (formerGatewayIds.length > 0) return undefined;
    const part = find(receipt);
    if (part === undefined) return undefined;
    const { delivery } = part;
    // Reading would show this receipt with a report of the same commit.
    if (delivery.report !== undefined) delivery.report.shown = undefined;
    delivery.report = undefined;
    const source = {
      find: ({ smscMessageId }: { readonly smscMessageId: string }) =>
        smscMessageId === receipt.smscMessageId ? [part] : [],
      factsOf: () => ({ recipient: delivery.recipient, state: "SUBMITTED", parts: delivery.parts }) as const,
    };
    const match = matchReceipt(receipt, source, false);
    if (match.kind !== "one") return undefined;
    const kept = keepReceipt(delivery.parts, part, receipt);
    const packedParts = JSON.stringify(kept.parts);
    const decision = decideReceipt({
      ...kept,
      verdict: receipt.verdict,
      isCurrent: true,
      attemptOutcome: "ACCEPTED",
      state: "SUBMITTED",
    });
    if (decision.kind === "contradicted") return undefined;
    const { id: deliveryId, accountId } = delivery;
    const { isGuess } = match;
    const isEnd = decision.kind === "end";
    // A receipt may have come before its response.
    const timeMs = Math.max(receipt.arrivalTimeMs, delivery.submitTimeMs);
    const judgement = isEnd ? decision.judgement : undefined;
    const changed =
      judgement === undefined
        ? keep.run(packedParts, deliveryId, delivery.packedParts)
        : end.run(
            packedParts,
            stateCodes[judgement.state],
            judgement.reason ?? null,
            timeMs,
            judgement.doneTimeMs ?? null,
            deliveryId,
            delivery.packedParts,
          );
    if (changed !== 1 || isEnd) remembered.forget(gatewayId, matchKey);
    if (changed !== 1) return undefined;
    delivery.parts = kept.parts;
    delivery.packedParts = packedParts;
    const state = judgement?.state ?? "SUBMITTED";
    const sinceSubmitMs = isEnd ? timeMs - delivery.submitTimeMs : undefined;
    if (judgement !== undefined) {
      const shown = tx.followed.has(accountId) ? shownOf(delivery, judgement) : undefined;
      const report: PendingReport = { accountId, deliveryId, state: judgement.state, timeMs, shown };
      if (shown !== undefined) delivery.report = report;
      tx.reports.push(report);
    }
    return { kind: "matched", deliveryId, state, isFirstFinal: isEnd, isGuess, sinceSubmitMs };
  };

  function find({ gatewayId, smscMessageId, matchKey }: Receipt): RememberedPart | undefined {
    // One whose id is not its key is looked for under both.
    if (smscMessageId !== matchKey) return undefined;
    const delivery = remembered.find(gatewayId, matchKey);
    const tuple = delivery?.parts.find(([, , id]) => id === matchKey);
    if (delivery === undefined || tuple === undefined) return undefined;
    return {
      match_key: matchKey,
      raw_id: null,
      delivery_id: delivery.id,
      attempt: 1,
      part: tuple[0],
      delivery,
    };
  }
}

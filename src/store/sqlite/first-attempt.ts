/**
 * The usual end of a first attempt, all of it accepted: one guarded statement makes the delivery SUBMITTED, and the attempt stands on it.
 * Whatever else may be the case is left to settle.ts, which reads first.
 */
import type { DatabaseSync } from "node:sqlite";
import type { AccountId } from "../../domain/ids.ts";
import type { E164 } from "../../domain/message.ts";
import { packPart } from "../part-tuple.ts";
import type { PendingReport } from "../pending-report.ts";
import type { AttemptRecord, Settlement } from "../settling.ts";
import { type Remembered, type SubmittedDelivery, shownOf } from "./remembered.ts";
import type { SmscIds } from "./smsc-ids.ts";
import { prepare } from "./statement.ts";
import type { Transaction } from "./transaction.ts";

/** A settlement that may be the usual end of a first attempt. */
interface FirstSettlement extends Settlement {
  readonly attempt: AttemptRecord;
}

export function isFirst(entry: Settlement): entry is FirstSettlement {
  const { attempt, verdict, whole } = entry;
  return (
    verdict.kind === "submitted" &&
    verdict.expectsReceipts &&
    whole?.expectsReceipts !== false &&
    attempt !== undefined &&
    attempt.number === 1 &&
    attempt.outcome === "ACCEPTED"
  );
}

/** Answers whether the claim held and nothing was known of the delivery before; else nothing was written. */
export type SettleFirst = (tx: Transaction, entry: FirstSettlement) => boolean;

export function createSettleFirst(db: DatabaseSync, remembered: Remembered, smscIds: SmscIds): SettleFirst {
  // What never changes of a delivery. Read before the statement that writes: 0.7 µs, where RETURNING takes 2.3 and more.
  const find = prepare<{ account_id: AccountId; recipient: E164; expire_time: number }>(
    db,
    "SELECT account_id, recipient, expire_time FROM deliveries WHERE id = ?",
  );
  const submit = prepare(
    db,
    `UPDATE deliveries SET state = 3, claimed_by = NULL, submit_time = ?, attempt_count = 1, gateway_id = ?, first_start_time = ?,
       first_end_time = ?, first_encoding = ?, first_segment_count = ?, first_reference = ?, first_trace = ?, first_parts = ?
     WHERE id = ? AND claimed_by = ? AND claim_number = ? AND state IN (1, 2) AND attempt_count = 0 AND progress IS NULL`,
  );

  return (tx, { deliveryId, claimant, claimNumber, timeMs, attempt }) => {
    const delivery = find.get(deliveryId);
    if (delivery === undefined) return false;
    const { account_id: accountId, recipient, expire_time: expireTimeMs } = delivery;
    const { gatewayId } = attempt;
    const parts = attempt.parts.map(packPart);
    const packedParts = JSON.stringify(parts);
    const changed = submit.run(
      timeMs,
      gatewayId,
      attempt.startTimeMs,
      attempt.endTimeMs,
      attempt.encoding,
      attempt.segmentCount,
      attempt.reference ?? null,
      packTrace(attempt.trace.leftOut, attempt.trace.marks),
      packedParts,
      deliveryId,
      claimant,
      claimNumber,
    );
    if (changed !== 1) return false;
    const id = deliveryId;
    const submitted: SubmittedDelivery = {
      id,
      accountId,
      recipient,
      submitTimeMs: timeMs,
      gatewayId,
      segmentCount: attempt.segmentCount,
      packedParts,
      parts,
      report: undefined,
    };
    for (const { number: part, smscMessageId, matchKey } of attempt.parts) {
      if (smscMessageId === undefined) continue;
      const key = matchKey ?? smscMessageId;
      const isRaw = key === smscMessageId;
      const rawId = isRaw ? undefined : smscMessageId;
      const isOnly = smscIds.insert({ gatewayId, key, rawId, deliveryId, attempt: 1, part, expireTimeMs });
      // A receipt whose id is not its key is looked for under both.
      if (isOnly && isRaw) remembered.put(gatewayId, key, submitted);
    }
    const shown = tx.followed.has(accountId) ? shownOf(submitted) : undefined;
    const report: PendingReport = { accountId, deliveryId, state: "SUBMITTED", timeMs, shown };
    if (shown !== undefined) submitted.report = report;
    tx.reports.push(report);
    return true;
  };
}

/** How the trace of an attempt stands in its row: NULL where nothing was left out and nothing marked. */
export function packTrace(
  leftOut: AttemptRecord["trace"]["leftOut"],
  marks: readonly string[],
): string | null {
  return leftOut.length + marks.length === 0 ? null : JSON.stringify({ leftOut, marks });
}

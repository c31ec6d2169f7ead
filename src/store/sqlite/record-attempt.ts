/**
 * Writes down an attempt with its parts and the SMSC's ids, by which receipts find it. Attempts are facts: one whose claim was lost is
 * recorded too, under its own negative number, where no later attempt meets it.
 */
import type { DatabaseSync } from "node:sqlite";
import { holdsCopy, isWhole, reviseParts } from "../late-answer.ts";
import { isSamePart, mergeParts, type PartTuple, packPart, parseParts } from "../part-tuple.ts";
import type { AttemptRecord, PartRecord } from "../settling.ts";
import { packTrace } from "./first-attempt.ts";
import type { SmscIds } from "./smsc-ids.ts";
import { prepare } from "./statement.ts";

export interface RecordedAttempt {
  /** Under which it stands. */
  readonly number: number;
  readonly parts: readonly PartTuple[];
  /** Whether it went on with an attempt that was recorded before, whose parts may have receipts. */
  readonly isContinued: boolean;
}

export function createRecordAttempt(db: DatabaseSync, smscIds: SmscIds) {
  const insert = prepare(
    db,
    `INSERT INTO attempts (delivery_id, number, gateway_id, start_time, end_time, outcome, encoding, segment_count, reference,
       parts, trace)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const find = prepare<{ parts: string }>(
    db,
    "SELECT parts FROM all_attempts WHERE delivery_id = ? AND number = ?",
  );
  const goOn = prepare(
    db,
    `UPDATE attempts SET end_time = ?, outcome = ?, parts = ?, trace = ifnull(?, trace)
     WHERE delivery_id = ? AND number = ?`,
  );
  const findBegun = prepare<{ parts: string; outcome: string; start_time: number }>(
    db,
    "SELECT parts, outcome, start_time FROM all_attempts WHERE delivery_id = ? AND number = ?",
  );
  const revise = prepare(
    db,
    "UPDATE attempts SET end_time = ?, outcome = ?, parts = ? WHERE delivery_id = ? AND number = ?",
  );
  const reviseFirst = prepare(
    db,
    "UPDATE deliveries SET first_end_time = ?, first_parts = ? WHERE id = ? AND first_parts IS NOT NULL",
  );

  type Recorded = { readonly id: string; readonly expireTimeMs: number; readonly lastNumber: number };

  function insertIds(
    delivery: Recorded,
    attempt: AttemptRecord,
    number: number,
    added: readonly PartRecord[],
  ) {
    for (const { number: part, smscMessageId, matchKey } of added) {
      if (smscMessageId === undefined) continue;
      const key = matchKey ?? smscMessageId;
      smscIds.insert({
        gatewayId: attempt.gatewayId,
        key,
        rawId: key === smscMessageId ? undefined : smscMessageId,
        deliveryId: delivery.id,
        attempt: number,
        part,
        expireTimeMs: delivery.expireTimeMs,
      });
    }
  }

  /** `lastNumber` is that of the last recorded attempt; a later one cannot have been recorded yet. */
  function recordAttempt(delivery: Recorded, attempt: AttemptRecord, isFenced: boolean): RecordedAttempt {
    const number = isFenced ? -attempt.number : attempt.number;
    const mayExist = isFenced || number <= delivery.lastNumber;
    const known = mayExist ? find.get(delivery.id, number) : undefined;
    const knownParts = known === undefined ? [] : parseParts(known.parts);
    // Told again: what stands under the plain number is no other attempt.
    const plain = isFenced ? find.get(delivery.id, attempt.number) : undefined;
    const told = plain === undefined ? [] : parseParts(plain.parts);
    const added = attempt.parts.filter(
      (part) => ![...knownParts, ...told].some((other) => isSamePart(other, part)),
    );
    if (known === undefined && told.length > 0 && added.length === 0) {
      return { number: attempt.number, parts: told, isContinued: false };
    }
    const parts = mergeParts(knownParts, added.map(packPart));
    const marks = isFenced ? [...attempt.trace.marks, "FENCED"] : attempt.trace.marks;
    const trace = packTrace(attempt.trace.leftOut, marks);
    if (known === undefined) {
      insert.run(
        delivery.id,
        number,
        attempt.gatewayId,
        attempt.startTimeMs,
        attempt.endTimeMs,
        attempt.outcome,
        attempt.encoding,
        attempt.segmentCount,
        attempt.reference ?? null,
        JSON.stringify(parts),
        trace,
      );
    } else {
      goOn.run(attempt.endTimeMs, attempt.outcome, JSON.stringify(parts), trace, delivery.id, number);
    }
    insertIds(delivery, attempt, number, added);
    return { number, parts, isContinued: known !== undefined };
  }

  /** Keeps an answer that came late on the copy that was ambiguous since `copyTimeMs`, under whichever number its attempt stands. */
  function recordLate(
    delivery: Recorded,
    attempt: AttemptRecord,
    copyTimeMs: number,
    partCount: number,
  ): RecordedAttempt {
    const [part] = attempt.parts;
    for (const number of [attempt.number, -attempt.number]) {
      const known = findBegun.get(delivery.id, number);
      if (known === undefined || part === undefined) continue;
      const knownParts = parseParts(known.parts);
      // A resumed attempt stands in the row of its first run, which began before.
      const isIts = known.start_time === attempt.startTimeMs || holdsCopy(knownParts, part, copyTimeMs);
      if (!isIts) continue;
      const parts = reviseParts(knownParts, part, copyTimeMs);
      if (parts !== knownParts) {
        const outcome = isWhole(parts, partCount) ? "ACCEPTED" : known.outcome;
        const packed = JSON.stringify(parts);
        const isOnDelivery = number === 1 && reviseFirst.run(attempt.endTimeMs, packed, delivery.id) === 1;
        if (!isOnDelivery) revise.run(attempt.endTimeMs, outcome, packed, delivery.id, number);
        insertIds(delivery, attempt, number, [part]);
      }
      return { number, parts, isContinued: true };
    }
    return recordAttempt(delivery, attempt, true);
  }

  return { recordAttempt, recordLate };
}

/**
 * Writes down an attempt with its parts and the SMSC's ids, by which receipts find it. Attempts are facts: one whose claim was lost is
 * recorded too, under its own negative number, where no later attempt meets it.
 */

import { holdsCopy, isWhole, reviseParts } from "../late-answer.ts";
import { isSamePart, mergeParts, type PartTuple, packPart } from "../part-tuple.ts";
import type { AttemptRecord, PartRecord } from "../settling.ts";
import {
  type AttemptRow,
  addSmscId,
  attemptKey,
  type SmscIdRow,
  type SubmittedDelivery,
} from "./locked-rows.ts";
import type { Transaction } from "./transaction.ts";

export interface RecordedAttempt {
  /** Under which it stands. */
  readonly number: number;
  readonly parts: readonly PartTuple[];
  /** Whether it went on with an attempt that was recorded before, whose parts may have receipts. */
  readonly isContinued: boolean;
}

export function recordAttempt(
  { rows }: Transaction,
  delivery: Pick<SubmittedDelivery, "id" | "expire_time">,
  attempt: AttemptRecord,
  isFenced: boolean,
): RecordedAttempt {
  const number = isFenced ? -attempt.number : attempt.number;
  const known = rows.attempts.get(attemptKey(delivery.id, number));
  // Told again because the answer to the first commit was lost: what stands under the plain number is no other attempt.
  const told = isFenced ? (rows.attempts.get(attemptKey(delivery.id, attempt.number))?.parts ?? []) : [];
  const knownParts = known?.parts ?? [];
  const added = attempt.parts.filter(
    (part) => ![...knownParts, ...told].some((other) => isSamePart(other, part)),
  );
  const parts = mergeParts(knownParts, added.map(packPart));
  if (known === undefined && told.length > 0 && added.length === 0)
    return { number: attempt.number, parts: told, isContinued: false };
  const trace = traceOf(attempt, isFenced);
  if (known === undefined) {
    const row: AttemptRow = { ...attemptColumns(attempt), delivery_id: delivery.id, number, trace, parts };
    rows.attempts.set(attemptKey(delivery.id, number), row);
    rows.newAttempts.add(row);
  } else {
    known.end_time = attempt.endTimeMs;
    known.outcome = attempt.outcome;
    known.trace = trace ?? known.trace;
    known.parts = parts;
    if (!rows.newAttempts.has(known)) rows.changedAttempts.add(known);
  }
  addIds(rows, delivery, attempt, number, added);
  return { number, parts, isContinued: known !== undefined };
}

/** What stands in the row of an attempt as it was told. */
export function attemptColumns(
  attempt: AttemptRecord,
): Omit<AttemptRow, "delivery_id" | "number" | "trace" | "parts"> {
  return {
    gateway_id: attempt.gatewayId,
    start_time: attempt.startTimeMs,
    end_time: attempt.endTimeMs,
    outcome: attempt.outcome,
    encoding: attempt.encoding,
    segment_count: attempt.segmentCount,
    reference: attempt.reference ?? null,
  };
}

/** JSON; null where there is nothing to tell. */
export function traceOf({ trace: { leftOut, marks } }: AttemptRecord, isFenced: boolean): string | null {
  const all = isFenced ? [...marks, "FENCED"] : marks;
  return all.length > 0 || leftOut.length > 0 ? JSON.stringify({ leftOut, marks: all }) : null;
}

/** Keeps an answer that came late on the copy that was ambiguous since `copyTimeMs`, under whichever number its attempt stands. */
export function recordLate(
  tx: Transaction,
  delivery: Pick<SubmittedDelivery, "id" | "expire_time">,
  attempt: AttemptRecord,
  copyTimeMs: number,
  partCount: number,
): RecordedAttempt {
  const { rows } = tx;
  const [part] = attempt.parts;
  for (const number of [attempt.number, -attempt.number]) {
    const known = rows.attempts.get(attemptKey(delivery.id, number));
    if (known === undefined || part === undefined) continue;
    // A resumed attempt stands in the row of its first run, which began before.
    const isIts = known.start_time === attempt.startTimeMs || holdsCopy(known.parts, part, copyTimeMs);
    if (!isIts) continue;
    const parts = reviseParts(known.parts, part, copyTimeMs);
    if (parts !== known.parts) {
      known.end_time = attempt.endTimeMs;
      if (isWhole(parts, partCount)) known.outcome = "ACCEPTED";
      known.parts = parts;
      if (!rows.newAttempts.has(known)) rows.changedAttempts.add(known);
      addIds(rows, delivery, attempt, number, [part]);
    }
    return { number, parts, isContinued: true };
  }
  return recordAttempt(tx, delivery, attempt, true);
}

/** The ids of parts that were added to an attempt, to be written. */
export function addIds(
  rows: Transaction["rows"],
  delivery: Pick<SubmittedDelivery, "id" | "expire_time">,
  attempt: AttemptRecord,
  number: number,
  added: readonly PartRecord[],
): void {
  for (const { number: part, smscMessageId, matchKey } of added) {
    if (smscMessageId === undefined) continue;
    const id: SmscIdRow = {
      seq: undefined,
      gateway_id: attempt.gatewayId,
      match_key: matchKey ?? smscMessageId,
      raw_id: matchKey === undefined || matchKey === smscMessageId ? null : smscMessageId,
      delivery_id: delivery.id,
      attempt: number,
      part,
      expire_time: delivery.expire_time,
    };
    addSmscId(rows, id);
    rows.newSmscIds.add(id);
  }
}

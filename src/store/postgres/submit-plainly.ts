/**
 * The plain case, which nearly every settlement is: an attempt under a new number, submitted, its claim held, nothing parked for its ids.
 * The guard of one statement decides that, so that the row need not be locked and read before it is written, and the attempt and its id are
 * written by the same statement: each one costs the server about 90 µs beside its rows. What the guard leaves out goes the long way
 * (settle.ts).
 */
import type { ClaimantId, DeliveryId } from "../../domain/ids.ts";
import { stateCodes } from "../codes.ts";
import { packPart } from "../part-tuple.ts";
import type { AttemptRecord, Settlement } from "../settling.ts";
import { createSendRows } from "./columns.ts";
import { attemptTypes, type SubmittedDelivery } from "./locked-rows.ts";
import { packOptional, packText } from "./pack-text.ts";
import { attemptColumns, traceOf } from "./record-attempt.ts";
import type { Connection } from "./statement.ts";

/** One that was submitted and waits for receipts. */
export interface PlainSettlement extends Settlement {
  readonly attempt: AttemptRecord;
}

interface Submission {
  readonly id: DeliveryId;
  readonly claimant: ClaimantId;
  readonly claim_number: number;
  readonly submit_time: number;
  readonly number: number;
  readonly gateway_id: string;
  readonly start_time: number;
  readonly end_time: number;
  readonly outcome: string;
  readonly encoding: string;
  readonly segment_count: number;
  readonly reference: number | null;
  readonly trace: string | null;
  readonly parts: string;
  /** Of its one part; null where there are several, whose ids are written afterwards. */
  readonly match_key: string | null;
  readonly raw_id: string | null;
  readonly part: number;
}

const submit = createSendRows<Submission, SubmittedDelivery>({
  name: "submit_deliveries",
  columns: {
    id: "text",
    claimant: "text",
    claim_number: "integer",
    submit_time: "bigint",
    ...attemptTypes,
    match_key: "text",
    raw_id: "text",
    part: "smallint",
  },
  keys: ["id", "claimant"],
  // Parked receipts are looked for as replays find them: by the key, and by the id as it was sent.
  textOf: (source) => `WITH submitted AS (
       UPDATE deliveries AS d SET state = ${stateCodes.SUBMITTED}, claimed_by = NULL, progress = NULL,
         submit_time = r.submit_time, gateway_id = r.gateway_id, attempt_count = r.number
       FROM ${source} WHERE d.id = r.id AND d.claimed_by = r.claimant AND d.claim_number = r.claim_number
         AND d.attempt_count < r.number
         AND NOT EXISTS (
           SELECT 1 FROM parked_receipts p WHERE p.gateway_id = r.gateway_id AND p.match_key = r.match_key)
         AND NOT EXISTS (
           SELECT 1 FROM parked_receipts p
           WHERE p.gateway_id = r.gateway_id AND p.raw_id = coalesce(r.raw_id, r.match_key))
       RETURNING d.id, d.account_id, d.recipient, d.expire_time, r.number, r.gateway_id, r.start_time, r.end_time, r.outcome, r.encoding,
         r.segment_count, r.reference, r.trace, r.parts, r.match_key, r.raw_id, r.part
     ), attempted AS (
       INSERT INTO attempts (delivery_id, number, gateway_id, start_time, end_time, outcome, encoding, segment_count, reference,
         trace, parts)
       SELECT id, number, gateway_id, start_time, end_time, outcome, encoding, segment_count, reference, trace, parts
       FROM submitted
     ), named AS (
       INSERT INTO smsc_ids (gateway_id, match_key, raw_id, delivery_id, attempt, part, expire_time)
       SELECT gateway_id, match_key, raw_id, id, number, part, expire_time FROM submitted WHERE match_key IS NOT NULL
     )
     SELECT id, account_id, recipient, expire_time FROM submitted`,
});

/** Makes them SUBMITTED where the guard holds; answers which they were. */
export async function submitPlainly(
  connection: Connection,
  plain: readonly PlainSettlement[],
): Promise<readonly SubmittedDelivery[]> {
  if (plain.length === 0) return [];
  // In the order of ids, as all deliveries are locked.
  return submit(
    connection,
    plain.map(submissionOf).sort((left, right) => (left.id < right.id ? -1 : 1)),
  );
}

/** Whether the statement asks what is parked for it, and writes its id. */
export function isOfOnePart({ parts }: AttemptRecord): boolean {
  return parts.length === 1 && parts[0]?.smscMessageId !== undefined;
}

function submissionOf({ deliveryId, claimant, claimNumber, timeMs, attempt }: PlainSettlement): Submission {
  const [part] = isOfOnePart(attempt) ? attempt.parts : [];
  const id = part?.smscMessageId ?? null;
  const key = part?.matchKey ?? id;
  return {
    ...attemptColumns(attempt),
    id: deliveryId,
    claimant,
    claim_number: claimNumber,
    submit_time: timeMs,
    number: attempt.number,
    trace: traceOf(attempt, false),
    parts: JSON.stringify(attempt.parts.map(packPart)),
    match_key: key === null ? null : packText(key),
    raw_id: key === id ? null : packOptional(id),
    part: part?.number ?? 1,
  };
}

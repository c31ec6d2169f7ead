/**
 * How settlements and receipts cross to the writer's thread, flat for the reason that packed-acceptance.ts gives: 3.6 and 2.2 µs
 * both ways as objects, under 1 µs flat.
 */
import type { Receipt } from "../../domain/receipt.ts";
import type { AttemptRecord, PartRecord, Settlement } from "../settling.ts";

type PackedPart = readonly [
  number: number,
  PartRecord["outcome"],
  smscMessageId: string | undefined,
  matchKey: string | undefined,
  commandStatus: number | undefined,
  timeMs: number,
];

type PackedAttempt = readonly [
  number: number,
  AttemptRecord["gatewayId"],
  startTimeMs: number,
  endTimeMs: number,
  AttemptRecord["outcome"],
  AttemptRecord["encoding"],
  segmentCount: number,
  reference: number | undefined,
  /** Undefined where nothing was left out and nothing marked. */
  trace: AttemptRecord["trace"] | undefined,
  ...parts: PackedPart[],
];

export type PackedSettlement = readonly [
  Settlement["deliveryId"],
  Settlement["claimant"],
  claimNumber: number,
  timeMs: number,
  Settlement["lane"],
  PackedAttempt | undefined,
  /** For `submitted` only whether it expects receipts. */
  verdict: Settlement["verdict"] | boolean,
  whole: Settlement["whole"],
  renamedTo: AttemptRecord["renamedTo"],
];

const noTrace: AttemptRecord["trace"] = { leftOut: [], marks: [] };

export function packSettlement(entry: Settlement): PackedSettlement {
  const { deliveryId, claimant, claimNumber, timeMs, lane, attempt, verdict, whole } = entry;
  const packed = attempt === undefined ? undefined : packAttempt(attempt);
  const outcome = verdict.kind === "submitted" ? verdict.expectsReceipts : verdict;
  return [deliveryId, claimant, claimNumber, timeMs, lane, packed, outcome, whole, attempt?.renamedTo];
}

export function unpackSettlement([
  id,
  claimant,
  claimNumber,
  timeMs,
  lane,
  attempt,
  verdict,
  whole,
  renamedTo,
]: PackedSettlement): Settlement {
  return {
    deliveryId: id,
    claimant,
    claimNumber,
    timeMs,
    lane,
    attempt: attempt === undefined ? undefined : unpackAttempt(attempt, renamedTo),
    verdict: typeof verdict === "boolean" ? { kind: "submitted", expectsReceipts: verdict } : verdict,
    whole,
  };
}

function packAttempt(attempt: AttemptRecord): PackedAttempt {
  const { trace } = attempt;
  return [
    attempt.number,
    attempt.gatewayId,
    attempt.startTimeMs,
    attempt.endTimeMs,
    attempt.outcome,
    attempt.encoding,
    attempt.segmentCount,
    attempt.reference,
    trace.leftOut.length + trace.marks.length === 0 ? undefined : trace,
    ...attempt.parts.map(packPart),
  ];
}

function unpackAttempt(packed: PackedAttempt, renamedTo: AttemptRecord["renamedTo"]): AttemptRecord {
  const [
    number,
    gatewayId,
    startTimeMs,
    endTimeMs,
    outcome,
    encoding,
    segmentCount,
    reference,
    trace,
    ...parts
  ] = packed;
  return {
    number,
    gatewayId,
    startTimeMs,
    endTimeMs,
    outcome,
    encoding,
    segmentCount,
    reference,
    parts: parts.map(unpackPart),
    trace: trace ?? noTrace,
    renamedTo,
  };
}

function packPart(part: PartRecord): PackedPart {
  return [part.number, part.outcome, part.smscMessageId, part.matchKey, part.commandStatus, part.timeMs];
}

function unpackPart([
  number,
  outcome,
  smscMessageId,
  matchKey,
  commandStatus,
  timeMs,
]: PackedPart): PartRecord {
  return { number, outcome, smscMessageId, matchKey, commandStatus, timeMs };
}

export type PackedReceipt = readonly [
  Receipt["gatewayId"],
  smscMessageId: string,
  matchKey: string,
  recipient: string | undefined,
  Receipt["verdict"],
  stat: string,
  err: string | undefined,
  networkError: Receipt["networkError"],
  doneTimeMs: number | undefined,
  carrier: string | undefined,
  arrivalTimeMs: number,
  /** One character an octet: an array of octets costs three times a string of them, on both threads and in what is to be collected. */
  raw: string,
  coversAllParts: boolean,
  otherId: Receipt["otherId"],
  sender: string | undefined,
  submitTimeMs: number | undefined,
  waitMs: number,
  formerGatewayIds: Receipt["formerGatewayIds"],
];

function octetsAsText(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString("latin1");
}

export function packReceipt(receipt: Receipt): PackedReceipt {
  return [
    receipt.gatewayId,
    receipt.smscMessageId,
    receipt.matchKey,
    receipt.recipient,
    receipt.verdict,
    receipt.stat,
    receipt.err,
    receipt.networkError,
    receipt.doneTimeMs,
    receipt.carrier,
    receipt.arrivalTimeMs,
    octetsAsText(receipt.raw),
    receipt.coversAllParts,
    receipt.otherId,
    receipt.sender,
    receipt.submitTimeMs,
    receipt.waitMs,
    receipt.formerGatewayIds,
  ];
}

export function unpackReceipt(packed: PackedReceipt): Receipt {
  const [gatewayId, smscMessageId, matchKey, recipient, verdict, stat, err, networkError, doneTimeMs] =
    packed;
  return {
    gatewayId,
    smscMessageId,
    matchKey,
    recipient,
    verdict,
    stat,
    err,
    networkError,
    doneTimeMs,
    carrier: packed[9],
    arrivalTimeMs: packed[10],
    raw: Buffer.from(packed[11], "latin1"),
    coversAllParts: packed[12],
    otherId: packed[13],
    sender: packed[14],
    submitTimeMs: packed[15],
    waitMs: packed[16],
    ...(packed[17] !== undefined && { formerGatewayIds: packed[17] }),
  };
}

/** How the parts of an attempt are kept in its row: one JSON array a part, without names, since it is written for every message. */
import type { DecidingReceipt, PartToJudge } from "../domain/judge-parts.ts";
import type { Receipt } from "../domain/receipt.ts";
import type { PartRecord } from "./settling.ts";
import type { PartView, ReceiptView } from "./views.ts";

type ReceiptTuple = readonly [
  verdict: Receipt["verdict"],
  stat: string,
  err: string | null,
  networkType: number | null,
  networkCode: number | null,
  doneTimeMs: number | null,
  carrier: string | null,
  arrivalTimeMs: number,
  coversAllParts: 0 | 1,
];

export type PartTuple = readonly [
  number: number,
  outcome: PartRecord["outcome"],
  smscMessageId: string | null,
  /** Null where it equals the id. */
  matchKey: string | null,
  commandStatus: number | null,
  timeMs: number,
  receipt: ReceiptTuple | null,
  contradiction: ReceiptTuple | null,
];

export function packPart(part: PartRecord): PartTuple {
  const { smscMessageId, matchKey } = part;
  return [
    part.number,
    part.outcome,
    smscMessageId ?? null,
    matchKey === smscMessageId ? null : (matchKey ?? null),
    part.commandStatus ?? null,
    part.timeMs,
    null,
    null,
  ];
}

/** The parts of an attempt, as `JSON.stringify` of tuples wrote them. */
export function parseParts(json: string): readonly PartTuple[] {
  return JSON.parse(json) as readonly PartTuple[];
}

/** Whether a record repeats a part that is known: accepted under the same SMSC id, or with the same outcome at the same time. */
export function isSamePart(known: PartTuple, part: PartRecord): boolean {
  if (known[0] !== part.number || known[2] !== (part.smscMessageId ?? null)) return false;
  return known[2] !== null || (known[1] === part.outcome && known[5] === part.timeMs);
}

/**
 * The parts of a continued attempt: a new record takes the place of earlier ones of its number, except of copies that a handset may
 * have: those that were accepted, and those of which nobody knows. So the row stays bounded however often a part is refused; how often
 * one is written in doubt is bounded by the retry policy.
 */
export function mergeParts(known: readonly PartTuple[], added: readonly PartTuple[]): readonly PartTuple[] {
  if (known.length === 0) return added;
  const numbers = new Set(added.map((part) => part[0]));
  const kept = known.filter((part) => part[2] !== null || part[1] === "AMBIGUOUS" || !numbers.has(part[0]));
  return [...kept, ...added].sort((left, right) => left[0] - right[0]);
}

export function packReceipt(receipt: Receipt): ReceiptTuple {
  return [
    receipt.verdict,
    receipt.stat,
    receipt.err ?? null,
    receipt.networkError?.type ?? null,
    receipt.networkError?.code ?? null,
    receipt.doneTimeMs ?? null,
    receipt.carrier ?? null,
    receipt.arrivalTimeMs,
    receipt.coversAllParts ? 1 : 0,
  ];
}

function networkErrorOf([, , , type, code]: ReceiptTuple): ReceiptView["networkError"] {
  return type === null || code === null ? undefined : { type, code };
}

export function partToJudge(part: PartTuple): PartToJudge {
  return {
    number: part[0],
    isAccepted: part[1] === "ACCEPTED",
    receipt: part[6] === null ? undefined : decidingReceipt(part[6]),
  };
}

function decidingReceipt(tuple: ReceiptTuple): DecidingReceipt {
  return {
    verdict: tuple[0],
    stat: tuple[1],
    err: tuple[2] ?? undefined,
    networkError: networkErrorOf(tuple),
    doneTimeMs: tuple[5] ?? undefined,
    arrivalTimeMs: tuple[7],
    coversAllParts: tuple[8] === 1,
  };
}

function viewReceipt(tuple: ReceiptTuple): ReceiptView {
  return {
    verdict: tuple[0],
    stat: tuple[1],
    err: tuple[2] ?? undefined,
    networkError: networkErrorOf(tuple),
    doneTimeMs: tuple[5] ?? undefined,
    carrier: tuple[6] ?? undefined,
    arrivalTimeMs: tuple[7],
  };
}

/** The first mobile country and network code that a receipt of these parts gave. */
export function carrierOf(json: string): string | null {
  for (const [, , , , , , receipt] of parseParts(json)) if (receipt?.[6]) return receipt[6];
  return null;
}

/** The part as it is shown; receipts that came after `untilMs` are left out. */
export function viewPart(part: PartTuple, untilMs: number = Number.POSITIVE_INFINITY): PartView {
  const [number, outcome, smscMessageId, , commandStatus, submitTimeMs, receipt, contradiction] = part;
  return {
    number,
    outcome,
    smscMessageId: smscMessageId ?? undefined,
    commandStatus: commandStatus ?? undefined,
    submitTimeMs,
    receipt: receipt === null || receipt[7] > untilMs ? undefined : viewReceipt(receipt),
    ...(contradiction === null || contradiction[7] > untilMs
      ? {}
      : { contradiction: viewReceipt(contradiction) }),
  };
}

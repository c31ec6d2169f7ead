/**
 * Which part a receipt speaks of (P1), and what it leaves on that part (P9). SMSCs reuse ids, and some write them differently, so every
 * fact in the receipt counts before the age of a part does. Pure; every store asks it inside its transaction.
 */
import { type DeliveryState, isFinal } from "../domain/delivery-state.ts";
import type { GatewayId } from "../domain/ids.ts";
import { areSameDigits, comparableDigits } from "../domain/phone-number.ts";
import type { Receipt, ReceiptedId } from "../domain/receipt.ts";
import { type PartTuple, packReceipt } from "./part-tuple.ts";
import type { AttemptRecord } from "./settling.ts";

/** A submitted part that a receipt may mean, as the SMSC's ids led to it. */
export interface PartCandidate {
  readonly match_key: string;
  /** Null where it equals the key. */
  readonly raw_id: string | null;
  readonly delivery_id: string;
  readonly attempt: number;
  readonly part: number;
}

/** What is known of a candidate beside its id. */
export interface CandidateFacts {
  readonly recipient: string;
  /** Of its delivery. */
  readonly state: DeliveryState;
  /** Of its attempt. */
  readonly parts: readonly PartTuple[];
}

export type ReceiptMatch<Candidate extends PartCandidate> =
  | { readonly kind: "none" }
  /** All candidates are final or of another number: the part it belongs to may be answered with that id a moment later. */
  | { readonly kind: "wait" }
  /** `isGuess`: no fact told it from parts of other deliveries, and the newest was taken. */
  | { readonly kind: "one"; readonly candidate: Candidate; readonly isGuess: boolean };

/** The newest parts under one id that are looked at, and the receipts that are parked under one: an SMSC may repeat an id for ever. */
export const mostUnderOneId = 100;

/** Dates in receipts are mostly cut off to the minute. */
const submitSlackMs = 60_000;

/** The gateways under whose names its part may have been submitted, today's first. */
export function gatewaysOf({ gatewayId, formerGatewayIds = [] }: Receipt): readonly GatewayId[] {
  return [gatewayId, ...formerGatewayIds];
}

/** The gateways under whose names receipts for an attempt may wait. */
export function namesOf({ gatewayId, renamedTo }: AttemptRecord): readonly GatewayId[] {
  return renamedTo === undefined ? [gatewayId] : [gatewayId, renamedTo];
}

/** The ids of a receipt, in the order in which they are tried. */
export function idsOf({ smscMessageId, matchKey, otherId }: Receipt): readonly ReceiptedId[] {
  const first = { smscMessageId, matchKey };
  return otherId === undefined ? [first] : [first, otherId];
}

export interface CandidateSource<Candidate extends PartCandidate> {
  /** The newest parts under an id or its key, newest first. */
  readonly find: (id: ReceiptedId) => readonly Candidate[];
  readonly factsOf: (candidate: Candidate) => CandidateFacts;
}

/**
 * The part that a receipt means. Its first id counts before its other one; among the parts under an id the receipt's address decides
 * first, then open before final, then the id exactly as sent, then the submit date, then the newest. `isOverdue`: no response to it
 * is to be expected any more, so that the best takes it, whatever speaks against it.
 */
export function matchReceipt<Candidate extends PartCandidate>(
  receipt: Receipt,
  { find, factsOf }: CandidateSource<Candidate>,
  isOverdue: boolean,
): ReceiptMatch<Candidate> {
  const all: Candidate[] = [];
  for (const id of idsOf(receipt)) {
    const found = find(id).filter(
      (candidate) => rawIdOf(candidate) === id.smscMessageId || candidate.match_key === id.matchKey,
    );
    const choice = choose(receipt, found, factsOf);
    if (choice?.isSure) return { kind: "one", candidate: choice.candidate, isGuess: choice.isGuess };
    all.push(...found);
  }
  if (all.length === 0) return { kind: "none" };
  const best = isOverdue ? choose(receipt, all, factsOf) : undefined;
  return best === undefined
    ? { kind: "wait" }
    : { kind: "one", candidate: best.candidate, isGuess: best.isGuess };
}

interface Choice<Candidate> {
  readonly candidate: Candidate;
  readonly isGuess: boolean;
  /** It is open, and the receipt names no other number. */
  readonly isSure: boolean;
}

interface Weighed<Candidate> {
  readonly candidate: Candidate;
  readonly facts: CandidateFacts;
  readonly openness: number;
}

function choose<Candidate extends PartCandidate>(
  receipt: Receipt,
  found: readonly Candidate[],
  factsOf: (candidate: Candidate) => CandidateFacts,
): Choice<Candidate> | undefined {
  const weighed = found.map((candidate): Weighed<Candidate> => {
    const facts = factsOf(candidate);
    return { candidate, facts, openness: opennessOf(candidate, facts) };
  });
  const byAddress = addressedBy(receipt, weighed);
  let left = byAddress ?? weighed;
  const openness = Math.min(...left.map((entry) => entry.openness));
  left = left.filter((entry) => entry.openness === openness);
  const ids = idsOf(receipt);
  left = prefer(left, ({ candidate }) => ids.some((id) => id.smscMessageId === rawIdOf(candidate)));
  if (!isOneDelivery(left)) {
    const dated = left.filter((entry) => isSubmittedAt(receipt.submitTimeMs, entry));
    if (dated.length > 0 && isOneDelivery(dated)) left = dated;
  }
  const isGuess = !isOneDelivery(left);
  // Of one delivery's parts the first; else the newest.
  const chosen = left.at(isGuess ? 0 : -1);
  if (chosen === undefined) return undefined;
  const isSure = openness < finalAlready && (byAddress !== undefined || !namesNumber(receipt));
  return { candidate: chosen.candidate, isGuess, isSure };
}

const finalAlready = 2;

/** 0: its delivery is open. 1: its delivery has ended without this part's receipt. 2: it has its final receipt, or is given up. */
function opennessOf(candidate: PartCandidate, { state, parts }: CandidateFacts): number {
  if (state === "UNKNOWN" || hasFinalReceipt(parts, candidate)) return finalAlready;
  return isFinal(state) ? 1 : 0;
}

/** Those whose number is the receipt's source, else its destination; undefined where it is nobody's. */
function addressedBy<Candidate>(
  { recipient, sender }: Receipt,
  weighed: readonly Weighed<Candidate>[],
): readonly Weighed<Candidate>[] | undefined {
  for (const address of [recipient, sender]) {
    const digits = address === undefined ? undefined : comparableDigits(address);
    if (digits === undefined) continue;
    const fitting = weighed.filter(({ facts }) => {
      const own = comparableDigits(facts.recipient);
      return own !== undefined && areSameDigits(own, digits);
    });
    if (fitting.length > 0) return fitting;
  }
  return undefined;
}

/**
 * Whether it says of which number it is. A destination alone is the sender's; beside a source that is not a number it is the recipient's.
 */
function namesNumber({ recipient, sender }: Receipt): boolean {
  if (recipient === undefined) return false;
  const address = comparableDigits(recipient) === undefined ? sender : recipient;
  return address !== undefined && comparableDigits(address) !== undefined;
}

/** Whether a part to `recipient` is surely not the receipt's: cheap to ask where many wait under one id. */
export function isOfAnotherNumber(receipt: Receipt, recipient: string): boolean {
  const own = comparableDigits(recipient);
  return (
    namesNumber(receipt) &&
    ![receipt.recipient, receipt.sender].some((address) => {
      const digits = address === undefined ? undefined : comparableDigits(address);
      return own !== undefined && digits !== undefined && areSameDigits(own, digits);
    })
  );
}

function isSubmittedAt<Candidate extends PartCandidate>(
  submitTimeMs: number | undefined,
  { candidate, facts }: Weighed<Candidate>,
): boolean {
  if (submitTimeMs === undefined) return false;
  const part = facts.parts.find((tuple) => isTupleOf(tuple, candidate));
  return part !== undefined && Math.abs(part[5] - submitTimeMs) <= submitSlackMs;
}

function prefer<Entry>(entries: readonly Entry[], isBetter: (entry: Entry) => boolean): readonly Entry[] {
  const better = entries.filter(isBetter);
  return better.length > 0 ? better : entries;
}

function isOneDelivery<Candidate extends PartCandidate>(weighed: readonly Weighed<Candidate>[]): boolean {
  const first = weighed[0]?.candidate;
  return weighed.every(
    ({ candidate }) => candidate.delivery_id === first?.delivery_id && candidate.attempt === first.attempt,
  );
}

function rawIdOf({ raw_id, match_key }: PartCandidate): string {
  return raw_id ?? match_key;
}

function isTupleOf([number, , id]: PartTuple, candidate: PartCandidate): boolean {
  return number === candidate.part && id === rawIdOf(candidate);
}

/** Whether the candidate's part has its final receipt, by the parts of its attempt: its own, or one that speaks of all. */
function hasFinalReceipt(parts: readonly PartTuple[], candidate: PartCandidate): boolean {
  return parts.some((tuple) => {
    const receipt = tuple[6];
    if (receipt === null || receipt[0] === "RECORDED") return false;
    return receipt[8] === 1 || isTupleOf(tuple, candidate);
  });
}

/** The attempt's parts with the receipt kept on its part, and whether it says otherwise than the one that is there. */
export function keepReceipt(
  parts: readonly PartTuple[],
  candidate: PartCandidate,
  receipt: Receipt,
): { readonly parts: readonly PartTuple[]; readonly isContradiction: boolean } {
  let isContradiction = false;
  const tuple = packReceipt(receipt);
  const kept = parts.map((part): PartTuple => {
    const [number, outcome, id, key, status, time, known] = part;
    if (!isTupleOf(part, candidate)) return part;
    if (known === null || known[0] === "RECORDED") {
      return [number, outcome, id, key, status, time, tuple, part[7]];
    }
    if (receipt.verdict === "RECORDED" || known[0] === receipt.verdict) return part;
    isContradiction = true;
    return [number, outcome, id, key, status, time, known, tuple];
  });
  return { parts: kept, isContradiction };
}

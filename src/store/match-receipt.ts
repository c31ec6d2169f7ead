/** Which part a receipt speaks of (P1), and what it leaves on that part (P9). Pure; every store asks it inside its transaction. */
import type { Receipt } from "../domain/receipt.ts";
import { type PartTuple, packReceipt } from "./part-tuple.ts";

/** A submitted part that a receipt may mean, as the SMSC's ids led to it. */
export interface PartCandidate {
  readonly match_key: string;
  /** Null where it equals the key. */
  readonly raw_id: string | null;
  readonly delivery_id: string;
  readonly attempt: number;
  readonly part: number;
}

export type ReceiptMatch<Candidate extends PartCandidate> =
  | { readonly kind: "none" }
  | { readonly kind: "one"; readonly candidate: Candidate }
  | { readonly kind: "several" };

/** How long after its validity an id still matches: SMSCs use ids again. */
const matchAfterExpiryMs = 7 * 24 * 3_600_000;

/** Ids that expired before this match no receipt that arrives at `arrivalTimeMs`. */
export function oldestMatchMs(arrivalTimeMs: number): number {
  return arrivalTimeMs - matchAfterExpiryMs;
}

/**
 * The part among those found under the receipt's key or its raw id: exact first, then by the key, and only where it is unique. The
 * parts of a candidate's attempt are asked for only where there are several candidates, which is rare.
 */
export function matchReceipt<Candidate extends PartCandidate>(
  { smscMessageId, matchKey, coversAllParts }: Receipt,
  found: readonly Candidate[],
  partsOf: (candidate: Candidate) => readonly PartTuple[],
): ReceiptMatch<Candidate> {
  const exactFirst = (candidates: readonly Candidate[]) => {
    const exact = candidates.filter(({ raw_id, match_key }) => (raw_id ?? match_key) === smscMessageId);
    return exact.length > 0 ? exact : candidates.filter(({ match_key }) => match_key === matchKey);
  };
  const isOpen = (candidate: Candidate) =>
    found.length === 1 || !hasFinalReceipt(partsOf(candidate), candidate);
  const open = exactFirst(found.filter(isOpen));
  // Parts that have their final receipt are no candidates; only a repeated or contradicting receipt finds them.
  const candidates = open.length > 0 ? open : exactFirst(found);
  const first = candidates[0];
  if (first === undefined) return { kind: "none" };
  const isOne =
    candidates.length === 1 ||
    // One id for all parts of a delivery, where the gateway's one receipt speaks of all.
    (coversAllParts &&
      candidates.every(
        ({ delivery_id, attempt }) => delivery_id === first.delivery_id && attempt === first.attempt,
      ));
  return isOne ? { kind: "one", candidate: first } : { kind: "several" };
}

/** Whether the candidate's part has its final receipt, by the parts of its attempt: its own, or one that speaks of all. */
function hasFinalReceipt(parts: readonly PartTuple[], candidate: PartCandidate): boolean {
  return parts.some(([number, , id, , , , receipt]) => {
    if (receipt === null || receipt[0] === "RECORDED") return false;
    return (
      receipt[8] === 1 || (number === candidate.part && id === (candidate.raw_id ?? candidate.match_key))
    );
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
    if (number !== candidate.part || id !== (candidate.raw_id ?? candidate.match_key)) return part;
    if (known === null || known[0] === "RECORDED") {
      return [number, outcome, id, key, status, time, tuple, part[7]];
    }
    if (receipt.verdict === "RECORDED" || known[0] === receipt.verdict) return part;
    isContradiction = true;
    return [number, outcome, id, key, status, time, known, tuple];
  });
  return { parts: kept, isContradiction };
}

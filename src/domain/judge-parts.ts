/**
 * What the receipts of a delivery's parts make of the delivery (P8): delivered when every part is, failed by the first part that
 * failed, undecided otherwise. Pure; every store asks it.
 */
import type { FailureReason, FinalState } from "./delivery-state.ts";
import { failureReasonOf } from "./failure-reason-of.ts";
import type { Receipt } from "./receipt.ts";

/** What a receipt can make of a delivery. */
export type ReceiptState = Extract<FinalState, "DELIVERED" | "UNDELIVERABLE" | "EXPIRED" | "REJECTED">;

/** The facts of a receipt that decide. */
export type DecidingReceipt = Pick<
  Receipt,
  "verdict" | "stat" | "err" | "networkError" | "doneTimeMs" | "arrivalTimeMs" | "coversAllParts"
>;

/** One submitted part. A part that was written twice under one reference is here twice, with one number. */
export interface PartToJudge {
  readonly number: number;
  readonly isAccepted: boolean;
  readonly receipt: DecidingReceipt | undefined;
}

export interface Judgement {
  readonly state: ReceiptState;
  readonly reason: FailureReason | undefined;
  /** By the SMSC's word; of the deciding part, or the latest where all were delivered. */
  readonly doneTimeMs: number | undefined;
  /** When the receipt that decided it came. */
  readonly arrivalTimeMs: number;
}

/** The delivery's final state by its parts, or undefined while a part is still open. */
export function judgeParts(parts: readonly PartToJudge[]): Judgement | undefined {
  const verdicts = new Map<number, DecidingReceipt | undefined>();
  let covering: DecidingReceipt | undefined;
  for (const { number, isAccepted, receipt } of parts) {
    if (!isAccepted) continue;
    const final = receipt === undefined || receipt.verdict === "RECORDED" ? undefined : receipt;
    if (final?.coversAllParts) covering = earlier(covering, final);
    // Of a part written twice, the handset keeps one copy: a delivered one counts, and a failed one only when both failed.
    const known = verdicts.get(number);
    if (!verdicts.has(number)) verdicts.set(number, final);
    else if (known?.verdict !== "DELIVERED") {
      const decides = final?.verdict === "DELIVERED" || final === undefined;
      if (decides) verdicts.set(number, final);
    }
  }
  if (covering !== undefined) return judgementOf(covering);
  let failed: DecidingReceipt | undefined;
  let lastDone: number | undefined;
  let lastArrival = 0;
  let isOpen = verdicts.size === 0;
  for (const receipt of verdicts.values()) {
    if (receipt === undefined) isOpen = true;
    else if (receipt.verdict !== "DELIVERED") failed = earlier(failed, receipt);
    else {
      if (receipt.doneTimeMs !== undefined) lastDone = Math.max(lastDone ?? 0, receipt.doneTimeMs);
      lastArrival = Math.max(lastArrival, receipt.arrivalTimeMs);
    }
  }
  if (failed !== undefined) return judgementOf(failed);
  if (isOpen) return undefined;
  return { state: "DELIVERED", reason: undefined, doneTimeMs: lastDone, arrivalTimeMs: lastArrival };
}

/** Whether what the parts say now contradicts a final state (P9); which of several failures came first does not. */
export function contradicts(judged: ReceiptState, state: FinalState): boolean {
  if (judged === state) return false;
  const isFailure = state === "UNDELIVERABLE" || state === "EXPIRED" || state === "REJECTED";
  return judged === "DELIVERED" || !isFailure;
}

function earlier(known: DecidingReceipt | undefined, next: DecidingReceipt): DecidingReceipt {
  return known !== undefined && known.arrivalTimeMs <= next.arrivalTimeMs ? known : next;
}

function judgementOf(receipt: DecidingReceipt): Judgement | undefined {
  if (receipt.verdict === "RECORDED") return undefined;
  return {
    state: receipt.verdict,
    reason: failureReasonOf(receipt),
    doneTimeMs: receipt.doneTimeMs,
    arrivalTimeMs: receipt.arrivalTimeMs,
  };
}

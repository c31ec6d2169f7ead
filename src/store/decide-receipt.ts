/**
 * What a receipt that was kept on its part makes of the delivery (P8, P9, P49). Of an attempt that was given up only one thing counts:
 * that the handset has all of it. Pure; every store asks it inside its transaction.
 */
import { canMove, type DeliveryState, isFinal } from "../domain/delivery-state.ts";
import { contradicts, type Judgement, judgeParts } from "../domain/judge-parts.ts";
import type { Receipt } from "../domain/receipt.ts";
import { type PartTuple, partToJudge } from "./part-tuple.ts";

export interface KeptReceipt {
  readonly verdict: Receipt["verdict"];
  /** The parts of its attempt, with it. */
  readonly parts: readonly PartTuple[];
  /** The part had another verdict already. */
  readonly isContradiction: boolean;
  /** Of the attempt that speaks for the delivery, not of one that was given up, or whose claim was lost. */
  readonly isCurrent: boolean;
  /** As the attempt's row has it: ACCEPTED where every part is. */
  readonly attemptOutcome: string;
  readonly state: DeliveryState;
}

export type ReceiptDecision =
  | { readonly kind: "nothing" }
  | { readonly kind: "contradicted" }
  /** With `isOvertaking` it was still to be sent again, so that it is SUBMITTED first. */
  | { readonly kind: "end"; readonly judgement: Judgement; readonly isOvertaking: boolean };

export function decideReceipt(kept: KeptReceipt): ReceiptDecision {
  const { state, isCurrent } = kept;
  if (kept.verdict === "RECORDED") return { kind: "nothing" };
  if (isCurrent && kept.isContradiction) return { kind: "contradicted" };
  const judgement = judgeParts(kept.parts.map(partToJudge));
  const isWhole = kept.attemptOutcome === "ACCEPTED" && judgement?.state === "DELIVERED";
  if (judgement === undefined || !(isCurrent || isWhole)) return { kind: "nothing" };
  if (isFinal(state)) return { kind: contradicts(judgement.state, state) ? "contradicted" : "nothing" };
  if (state === "SUBMITTED") return { kind: "end", judgement, isOvertaking: false };
  // Else it waits on its part until all are accepted.
  return isWhole && canMove(state, "SUBMITTED")
    ? { kind: "end", judgement, isOvertaking: true }
    : { kind: "nothing" };
}

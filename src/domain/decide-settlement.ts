/** Decides what the end of an attempt makes of a delivery, by the transition table. Pure; every store asks it inside its transaction. */
import { assertNever } from "./assert-never.ts";
import { canMove, type DeliveryState, type FailureReason, type FinalState } from "./delivery-state.ts";
import type { StatusCodeName } from "./status-code.ts";

/** The part of a settlement's verdict that decides. */
export type SettlementVerdict =
  | { readonly kind: "submitted"; readonly expectsReceipts: boolean }
  | { readonly kind: "retry"; readonly mayHaveBeenSent: boolean }
  | {
      readonly kind: "final";
      readonly state: FinalState;
      readonly code: StatusCodeName | undefined;
      readonly reason: FailureReason;
    };

export interface Ending {
  readonly state: FinalState;
  readonly code: StatusCodeName | undefined;
  readonly reason: FailureReason;
}

export type SettlementDecision =
  | { readonly kind: "requeue" }
  /** SUBMITTED, and then at once the ending where there is one. */
  | { readonly kind: "submit"; readonly ending: Ending | undefined }
  | { readonly kind: "end"; readonly ending: Ending };

/**
 * Decides for a delivery whose claim still holds, in QUEUED or SUBMITTING. Throws where the table has no such step. A claimed delivery has
 * been on the wire, so it may also end by the steps that SUBMITTING has.
 */
export function decideSettlement(
  state: DeliveryState,
  isCancelRequested: boolean,
  verdict: SettlementVerdict,
): SettlementDecision {
  const canReach = (to: DeliveryState) =>
    canMove(state, to) || (canMove(state, "SUBMITTING") && canMove("SUBMITTING", to));
  const check = (to: DeliveryState) => {
    if (!canReach(to)) throw new RangeError(`no step leads from ${state} to ${to}`);
  };
  switch (verdict.kind) {
    case "submitted": {
      check("SUBMITTED");
      if (verdict.expectsReceipts) return { kind: "submit", ending: undefined };
      return { kind: "submit", ending: { state: "UNKNOWN", code: undefined, reason: "NO_RECEIPTS" } };
    }
    case "retry":
      check("QUEUED");
      if (isCancelRequested && !verdict.mayHaveBeenSent) {
        return { kind: "end", ending: { state: "CANCELLED", code: undefined, reason: "CANCELLED" } };
      }
      return { kind: "requeue" };
    case "final":
      check(verdict.state);
      return {
        kind: "end",
        ending: { state: verdict.state, code: verdict.code, reason: verdict.reason },
      };
    default:
      return assertNever(verdict);
  }
}

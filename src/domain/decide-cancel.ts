/** Decides what cancelling makes of a delivery. Pure; every store asks it inside its transaction. */
import type { DeliveryState } from "./delivery-state.ts";
import type { AcceptedAttempt, DeliveryProgress } from "./message.ts";

export interface CancelCandidate {
  readonly state: DeliveryState;
  readonly isClaimed: boolean;
  readonly progress: DeliveryProgress;
}

export type CancelDecision =
  | { readonly kind: "cancelled-before" }
  /** CANCELLED now. */
  | { readonly kind: "cancel" }
  /** All of it was accepted in an earlier attempt: it is SUBMITTED, and cancelling comes too late. */
  | { readonly kind: "submit"; readonly accepted: AcceptedAttempt }
  /** Its attempt is under way, and it is cancelled instead of tried again. */
  | { readonly kind: "request" }
  | { readonly kind: "too-late" };

export function decideCancel({ state, isClaimed, progress }: CancelCandidate): CancelDecision {
  if (state === "CANCELLED") return { kind: "cancelled-before" };
  if (isClaimed) return { kind: "request" };
  if (state !== "QUEUED" && state !== "SCHEDULED") return { kind: "too-late" };
  const { accepted } = progress;
  return accepted === undefined ? { kind: "cancel" } : { kind: "submit", accepted };
}

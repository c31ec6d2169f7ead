/** How a delivery ends when its validity runs out while it is not under way: EXPIRED, or UNKNOWN where some of it may have been sent. */
import type { FailureReason } from "./delivery-state.ts";
import { type AcceptedAttempt, type DeliveryProgress, isInDoubt } from "./message.ts";

/** An ending that a settlement may name too. */
export interface EndingAtExpiry {
  readonly state: "EXPIRED" | "UNKNOWN";
  readonly code: undefined;
  readonly reason: FailureReason;
}

const expired: EndingAtExpiry = { state: "EXPIRED", code: undefined, reason: "VALIDITY_OVER" };
const unknown: EndingAtExpiry = { state: "UNKNOWN", code: undefined, reason: "AMBIGUOUS" };

export type OverdueDecision =
  | { readonly kind: "end"; readonly ending: EndingAtExpiry }
  /** SUBMITTED by an earlier attempt. */
  | { readonly kind: "submit"; readonly accepted: AcceptedAttempt };

/** What the store makes of one that waits past its time. */
export function decideOverdue(progress: DeliveryProgress): OverdueDecision {
  const { accepted } = progress;
  return accepted === undefined
    ? { kind: "end", ending: endingAtExpiry(progress) }
    : { kind: "submit", accepted };
}

/** By what it remembers of earlier attempts and of crashes. */
export function endingAtExpiry(progress: DeliveryProgress): EndingAtExpiry {
  return mayHaveLeft(progress) ? unknown : expired;
}

/** Whether a part of it may have been sent, and nobody knows (P12). */
export function mayHaveLeft(progress: DeliveryProgress): boolean {
  return isInDoubt(progress) || progress.afterCrash !== undefined;
}

/** Whether something of it was accepted, or may have been, so that cancelling would promise too much. */
export function mayHaveBeenSent({ resume, sentBefore, afterCrash }: DeliveryProgress): boolean {
  return resume !== undefined || sentBefore !== undefined || afterCrash !== undefined;
}

/**
 * Decides what becomes of a claimed delivery whose claim is void: its process is gone, or never learned of it. Pure; every store asks it.
 */
import type { Ending } from "./decide-settlement.ts";
import { mayHaveBeenSent } from "./ending-at-expiry.ts";
import type { AcceptedAttempt, DeliveryProgress } from "./message.ts";

export interface VoidClaim {
  /** SUBMITTING was committed; else it was found in QUEUED. */
  readonly isSubmitting: boolean;
  readonly isAtMostOnce: boolean;
  readonly isCancelRequested: boolean;
  readonly progress: DeliveryProgress;
  /** Whether a process held it, and may have written it before it died; false where nobody ever learned of the claim. */
  readonly wasHeld: boolean;
}

export type RecoveryDecision =
  | { readonly kind: "end"; readonly ending: Ending }
  /** SUBMITTED by an earlier attempt, whatever became of the one that was under way. */
  | { readonly kind: "submit"; readonly accepted: AcceptedAttempt }
  /** It waits again at its old position. `mayHaveLeft`: it may be sent twice, and its next attempt is marked. */
  | { readonly kind: "requeue"; readonly progress: DeliveryProgress; readonly mayHaveLeft: boolean };

const unknown: Ending = { state: "UNKNOWN", code: undefined, reason: "AMBIGUOUS" };
const cancelled: Ending = { state: "CANCELLED", code: undefined, reason: "CANCELLED" };

/** AT_MOST_ONCE is SUBMITTING before its first PDU, so that in QUEUED it cannot have left. */
export function decideRecovery(claim: VoidClaim): RecoveryDecision {
  const { isSubmitting, isAtMostOnce, isCancelRequested, progress, wasHeld } = claim;
  if (progress.accepted !== undefined) return { kind: "submit", accepted: progress.accepted };
  const mayHaveLeft = isSubmitting || (wasHeld && !isAtMostOnce);
  if (mayHaveLeft && (isAtMostOnce || isCancelRequested)) return { kind: "end", ending: unknown };
  if (isCancelRequested && !mayHaveBeenSent(progress)) return { kind: "end", ending: cancelled };
  if (!mayHaveLeft) return { kind: "requeue", progress, mayHaveLeft };
  return { kind: "requeue", progress: { ...progress, afterCrash: progress.attemptCount }, mayHaveLeft };
}

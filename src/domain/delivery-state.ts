/** The states of a delivery and the one table of its transitions. Final states never change (P9, P11). */
import type { PolicyReason } from "./policy-rule.ts";

export type DeliveryState =
  | "SCHEDULED"
  | "QUEUED"
  | "SUBMITTING"
  | "SUBMITTED"
  | "DELIVERED"
  | "UNDELIVERABLE"
  | "EXPIRED"
  | "REJECTED"
  | "UNKNOWN"
  | "CANCELLED";

/** Every allowed step; nothing else ever happens. */
export const transitions: Readonly<Record<DeliveryState, readonly DeliveryState[]>> = {
  SCHEDULED: ["QUEUED", "EXPIRED", "CANCELLED"],
  QUEUED: ["SUBMITTING", "SUBMITTED", "REJECTED", "EXPIRED", "CANCELLED", "UNKNOWN"],
  SUBMITTING: ["SUBMITTED", "QUEUED", "REJECTED", "EXPIRED", "UNKNOWN", "CANCELLED"],
  SUBMITTED: ["DELIVERED", "UNDELIVERABLE", "EXPIRED", "REJECTED", "UNKNOWN"],
  DELIVERED: [],
  UNDELIVERABLE: [],
  EXPIRED: [],
  REJECTED: [],
  UNKNOWN: [],
  CANCELLED: [],
};

export type FinalState = "DELIVERED" | "UNDELIVERABLE" | "EXPIRED" | "REJECTED" | "UNKNOWN" | "CANCELLED";

/** The states that callers see: SUBMITTING shows as QUEUED, so that seen from outside a state never goes back. */
export type PublicState = Exclude<DeliveryState, "SUBMITTING">;

export const finalStates = (Object.keys(transitions) as FinalState[]).filter((state) => isFinal(state));

export function isFinal(state: DeliveryState): state is FinalState {
  return transitions[state].length === 0;
}

export function canMove(from: DeliveryState, to: DeliveryState): boolean {
  return transitions[from].includes(to);
}

export function toPublicState(state: DeliveryState): PublicState {
  return state === "SUBMITTING" ? "QUEUED" : state;
}

/** Why a delivery ended without reaching the handset; what callers may branch on. */
export type FailureReason =
  | "UNKNOWN_SUBSCRIBER"
  | "ABSENT_SUBSCRIBER"
  | "BARRED"
  | "HANDSET_FULL"
  | "BLOCKED"
  | "NETWORK"
  | "NO_RECEIPT"
  | "NO_RECEIPTS"
  | "AMBIGUOUS"
  | "NO_ROUTE"
  | "REFUSED"
  | "VALIDITY_OVER"
  | "CANCELLED"
  | "OTHER"
  | PolicyReason;

/** The hostile behaviours as data. Each is one way in which real SMSCs misbehave. */
import type { Stat } from "../../smpp/message-state.ts";
import type { ReceiptFields } from "../../smpp/receipt-text.ts";
import type { MessageIdNotation } from "../message-id.ts";

/** How often a behaviour strikes. */
export interface Frequency {
  /** Chance at each occasion, 0 to 1; default 1. */
  readonly share?: number;
  /** Occasions that pass first; default 0. */
  readonly after?: number;
  /** Most times that it strikes; default unbounded. */
  readonly times?: number;
}

type Spec<Kind extends string, Data = unknown> = Frequency & { readonly kind: Kind } & Data;

export type BehaviourSpec =
  /** Refuses binds; default ESME_RBINDFAIL. */
  | Spec<"refuse-bind", { readonly status?: number }>
  /** Sends a receipt for an unknown message before it answers the bind. */
  | Spec<"receipt-before-bind">
  /** Refuses what exceeds a rate with ESME_RTHROTTLED. */
  | Spec<"throttle", { readonly perSecond: number; readonly status?: number }>
  /** Refuses submits; default ESME_RMSGQFUL. */
  | Spec<"refuse-submit", { readonly status?: number }>
  /** Answers late, by a fixed time and up to `jitterMs` more, which also changes the order. */
  | Spec<"slow-answer", { readonly delayMs: number; readonly jitterMs?: number }>
  /** Accepts and never answers. */
  | Spec<"no-answer">
  /** Accepts and answers twice. */
  | Spec<"double-answer">
  /** Accepts and sends generic_nack with sequence number 0 instead of an answer. */
  | Spec<"nack-without-sequence">
  /** Answers only when the receipt has been out for `leadMs`, default 50. */
  | Spec<"receipt-before-answer", { readonly leadMs?: number }>
  /** Writes message ids in other notations in answers and receipts. */
  | Spec<"message-ids", { readonly response: MessageIdNotation; readonly receipt: MessageIdNotation }>
  /** Sends each receipt twice, the second after `delayMs`, default 0. */
  | Spec<"double-receipt", { readonly delayMs?: number }>
  /** Sends receipts up to `jitterMs` later, so that they overtake each other. */
  | Spec<"shuffle-receipts", { readonly jitterMs: number }>
  /** Leaves the optional parameters out of receipts. */
  | Spec<"no-tlvs">
  /** Leaves fields out of the receipts' texts. */
  | Spec<"no-fields", { readonly fields: readonly (keyof ReceiptFields)[] }>
  /** Sends another state before the real one, `leadMs` earlier, default 50; default ACCEPTD. */
  | Spec<"state-first", { readonly state?: Stat; readonly leadMs?: number }>
  /** Contradicts each receipt with another state, `delayMs` later, default 50. */
  | Spec<"contradict", { readonly state: Stat; readonly delayMs?: number }>
  /** Sends a subscriber's message that looks like a receipt with another state along with each receipt. */
  | Spec<"forged-receipt", { readonly state?: Stat }>
  /** Writes receipts in UCS-2, or in ASCII while claiming UCS-2. */
  | Spec<"receipt-charset", { readonly charset: "ucs2" | "ascii-as-ucs2" }>
  /** Sends no receipt for any part of a long message but the last. */
  | Spec<"one-receipt-for-all-parts">
  /** Sends no receipts. */
  | Spec<"no-receipt">
  /** Ends the connection at a submit, before answering. */
  | Spec<"drop", { readonly how?: "close" | "reset" | "silence" }>
  /** Unbinds at a submit, before answering. */
  | Spec<"unbind">
  /** Writes random octets at a submit; what they do to the stream is the ESME's business. */
  | Spec<"garbage", { readonly octets?: number }>
  /** Writes the head of a PDU with an absurd length. */
  | Spec<"oversize", { readonly commandLength?: number }>
  /** Writes a request with a command_id that SMPP 3.4 does not know. */
  | Spec<"unknown-command">;

/** What crosses the port when attempts end, receipts and handset messages come, and messages are cancelled. Times are milliseconds since the epoch. */
import type { DeliveryState, FailureReason, FinalState } from "../domain/delivery-state.ts";
import type { AccountId, ClaimantId, DeliveryId, GatewayId } from "../domain/ids.ts";
import type { AttemptMark, AttemptOutcome, DeliveryProgress, E164, Lane } from "../domain/message.ts";
import type { Receipt } from "../domain/receipt.ts";
import type { StatusCodeName } from "../domain/status-code.ts";
import type { Encoding } from "../encoding/message-plan.ts";

export interface PartRecord {
  readonly number: number;
  readonly outcome: AttemptOutcome | "UNSENT";
  readonly smscMessageId: string | undefined;
  readonly matchKey: string | undefined;
  readonly commandStatus: number | undefined;
  readonly timeMs: number;
}

export interface AttemptRecord {
  /** From 1; a continued submission keeps its number and adds its parts. */
  readonly number: number;
  readonly gatewayId: GatewayId;
  readonly startTimeMs: number;
  readonly endTimeMs: number;
  readonly outcome: AttemptOutcome;
  readonly encoding: Encoding;
  readonly segmentCount: number;
  readonly reference: number | undefined;
  readonly parts: readonly PartRecord[];
  /** Why the other gateways were left out, and marks such as a failover after ambiguity; small. */
  readonly trace: AttemptTrace;
  /** The present name of its gateway, where that has changed meanwhile: receipts for it may wait under that name. */
  readonly renamedTo?: GatewayId | undefined;
}

export interface AttemptTrace {
  /** Words of routing; one that a newer program wrote may not be one of ours. */
  readonly leftOut: readonly { readonly gatewayId: GatewayId; readonly reason: string }[];
  readonly marks: readonly AttemptMark[];
}

/** When a delivery whose parts are answered late is SUBMITTED after all. */
export interface WholeDelivery {
  readonly partCount: number;
  /** As of a verdict `submitted`. */
  readonly expectsReceipts: boolean;
}

export interface Settlement {
  readonly deliveryId: DeliveryId;
  readonly claimant: ClaimantId;
  /** The claim under which it was tried; a later one of the same claimant is not touched. */
  readonly claimNumber: number;
  readonly timeMs: number;
  readonly lane: Lane;
  /** Undefined when nothing was tried (expired before, no candidate, handed back). */
  readonly attempt: AttemptRecord | undefined;
  /** Where parts may have been answered late: with all of them accepted it is SUBMITTED, whatever the verdict says. */
  readonly whole?: WholeDelivery | undefined;
  readonly verdict: /** Every part was accepted. With `expectsReceipts: false` it ends UNKNOWN (NO_RECEIPTS) in the same step. */
    | { readonly kind: "submitted"; readonly expectsReceipts: boolean }
    /** Back to QUEUED, unclaimed; CANCELLED instead where cancelling was asked and nothing may have been sent. */
    | {
        readonly kind: "retry";
        readonly gatewayId: GatewayId;
        readonly availableTimeMs: number;
        readonly progress: DeliveryProgress;
        readonly mayHaveBeenSent: boolean;
      }
    | {
        readonly kind: "final";
        readonly state: Extract<FinalState, "REJECTED" | "EXPIRED" | "UNKNOWN">;
        readonly code: StatusCodeName | undefined;
        readonly reason: FailureReason;
      }
    /**
     * An answer to a part that its attempt was settled without (P49): the attempt holds that part alone. It is kept on the copy that was
     * ambiguous since `copyTimeMs`, its id takes receipts, and with all parts accepted a delivery that is QUEUED and claimed by nobody is
     * SUBMITTED; so is one that `isHeld`: claimed under this name and kept from being written. One that is being written is SUBMITTED
     * by the end of that attempt, whatever it says. No other state moves.
     */
    | { readonly kind: "late"; readonly copyTimeMs: number; readonly isHeld: boolean };
}

export type SettleOutcome =
  | { readonly kind: "settled"; readonly state: DeliveryState }
  /** The claim was lost, or this was reported before: no state changed, but the attempt and its ids were recorded. */
  | { readonly kind: "fenced" }
  /** A late answer was kept and moved nothing; with `isWhole` the end of what is being sent makes it SUBMITTED. */
  | { readonly kind: "recorded"; readonly state: DeliveryState; readonly isWhole?: true };

export type ReceiptOutcome =
  | {
      readonly kind: "matched";
      readonly deliveryId: DeliveryId;
      readonly state: DeliveryState;
      readonly isFirstFinal: boolean;
      /** It ended what was to be sent again: the copy that has not left is needless (P49). */
      readonly isOvertaking?: true;
      /** Nothing in the receipt told its part from those of other deliveries under its id: the newest took it (P1). */
      readonly isGuess: boolean;
      /** With `isFirstFinal`: how long after the delivery's submission the receipt came, 0 where it came before; else undefined. */
      readonly sinceSubmitMs: number | undefined;
    }
  /** The delivery was final already and the receipt says otherwise (P9); kept on the part. */
  | {
      readonly kind: "contradicted";
      readonly deliveryId: DeliveryId;
      readonly state: DeliveryState;
      readonly isGuess: boolean;
    }
  /** Waits for the response to be committed (P2), or for what its id may mean a moment later. */
  | { readonly kind: "parked" };

/** A receipt that waited and has found its part when its time came. */
export interface TakenReceipt {
  readonly gatewayId: GatewayId;
  readonly smscMessageId: string;
  readonly verdict: Receipt["verdict"];
  readonly outcome: ReceiptOutcome;
}

export interface TakenReceipts {
  readonly taken: readonly TakenReceipt[];
  /** Whether another step may find more. */
  readonly hasMore: boolean;
}

export interface StoredIncoming {
  readonly id: string;
  readonly isComplete: boolean;
  /** Accounts that suppress its handset since it said STOP; absent for none. */
  readonly optedOut?: readonly AccountId[];
}

export interface CancelOutcome {
  readonly deliveryId: DeliveryId;
  readonly recipient: E164;
  /** CANCELLED now or before; PENDING: its attempt is running, it will be cancelled instead of retried; else too late. */
  readonly result: "CANCELLED" | "PENDING" | "TOO_LATE";
  /** It was this call that cancelled it. */
  readonly isNow: boolean;
  readonly state: DeliveryState;
}

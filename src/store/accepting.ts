/** What crosses the port when messages are accepted, deliveries claimed, and claims voided. Times are milliseconds since the epoch. */
import type { FailureReason } from "../domain/delivery-state.ts";
import type { ClaimantId, DeliveryId, GatewayId, MessageId } from "../domain/ids.ts";
import type { DeliveryWork, E164, Lane, Message } from "../domain/message.ts";
import type { StatusCodeName } from "../domain/status-code.ts";
import type { Encoding } from "../encoding/message-plan.ts";
import type { Counted } from "./accepted-counts.ts";
import type { Overdue, StateCounts } from "./state-counts.ts";

/** What happened to one recipient of the request, by index; kept so that a repeated request gets the same answer. */
export type RecipientOutcome =
  | { readonly kind: "delivery"; readonly position: number }
  | { readonly kind: "refused"; readonly code: StatusCodeName };

export interface NewDelivery {
  readonly id: DeliveryId;
  readonly recipient: E164;
  readonly country: string | undefined;
  /** QUEUED, or REJECTED by policy with its code. */
  readonly admission:
    | {
        readonly kind: "queued";
        readonly gatewayId: GatewayId;
        readonly encoding: Encoding;
        readonly segmentCount: number;
      }
    | { readonly kind: "rejected"; readonly code: StatusCodeName; readonly reason: FailureReason };
  /** Asks for the claim in the accepting transaction; granted only when nothing older waits (FIFO). */
  readonly wantsClaim: boolean;
}

export interface Acceptance {
  readonly message: Message;
  readonly deliveries: readonly NewDelivery[];
  /** One for each recipient of the request, in order. */
  readonly recipientOutcomes: readonly RecipientOutcome[];
  readonly request: { readonly id: string; readonly hash: string } | undefined;
  readonly claimant: ClaimantId;
  /** What counts against limits of an hour or a day; undefined where there are none. */
  readonly counted?: Counted | undefined;
}

export type AcceptOutcome =
  | {
      readonly kind: "accepted";
      /** The granted claims, each its delivery's first, in the order of the deliveries, with the references taken for multipart ones. */
      readonly claimed: readonly { readonly id: DeliveryId; readonly reference: number | undefined }[];
    }
  /** Nothing was written: the request id stands for this message. */
  | ({ readonly kind: "known" } & KnownRequest);

/** What a request id stands for. Whoever asked tells by the hash whether it is the same request. */
export interface KnownRequest {
  readonly messageId: MessageId;
  readonly hash: string;
}

/**
 * One claim of a delivery. Each claim has a number of its own, counted up by whoever makes it, so that a step that is repeated after its
 * answer was lost cannot touch a later claim of the same process.
 */
export interface ClaimRef {
  readonly id: DeliveryId;
  readonly claimNumber: number;
}

/** That of the claim in the accepting transaction: no other can have been before it. */
export const firstClaimNumber = 1;

export interface ClaimRequest {
  readonly claimant: ClaimantId;
  /** Whose queue to claim from (the head candidate of the rows). */
  readonly gatewayId: GatewayId;
  readonly limits: Readonly<Record<Lane, number>>;
  readonly nowMs: number;
  /** Set while the clock is in doubt (P60): what looks overdue is claimed like the rest instead of being ended. */
  readonly keepsOverdue?: boolean;
}

export interface Claim {
  readonly messages: readonly Message[];
  /** In the order (lane, available_time, id); their messages are found by the id. */
  readonly deliveries: readonly DeliveryWork[];
  /** What it met past its validity, and ended: a claim looks at no more than it takes or ends. */
  readonly overdue: Overdue;
  /** When the next waiting row of this queue becomes available; undefined when none waits. */
  readonly nextAvailableTimeMs: number | undefined;
}

export interface Recovery {
  readonly claimsVoided: number;
  /**
   * What became of those that do not wait again. UNKNOWN: may have left, and it was SUBMITTING under AT_MOST_ONCE, or cancelling was
   * asked. CANCELLED: that was asked, and nothing of it can have left. SUBMITTED, and what receipts make of it: by an earlier attempt.
   */
  readonly became: StateCounts;
  /** May have left and waits again under AT_LEAST_ONCE: sent twice at worst, and marked AFTER_CRASH on the next attempt. */
  readonly mayHaveLeft: readonly DeliveryId[];
}

/** Nothing was to be recovered. */
export const nothingRecovered: Recovery = { claimsVoided: 0, became: {}, mayHaveLeft: [] };

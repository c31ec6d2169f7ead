/** The answer to a request to send, made from what was just accepted or from what the store holds by now. */
import { type DeliveryState, type PublicState, toPublicState } from "../../domain/delivery-state.ts";
import type { DeliveryId, MessageId } from "../../domain/ids.ts";
import { ruleOfReason } from "../../domain/policy-rule.ts";
import type { StatusCodeName } from "../../domain/status-code.ts";
import type { Encoding } from "../../encoding/message-plan.ts";
import type { NewDelivery, RecipientOutcome } from "../../store/accepting.ts";
import type { DeliveryView } from "../../store/views.ts";

/** What became of one recipient of a request. */
export interface RecipientAnswer {
  /** As it was in the request. */
  readonly recipient: string;
  readonly code: StatusCodeName;
  readonly deliveryId: DeliveryId | undefined;
  readonly state: PublicState | undefined;
  readonly encoding: Encoding | undefined;
  readonly segmentCount: number;
  /** The rule of the account that refused it. */
  readonly rule: string | undefined;
}

export interface SendSmsAnswer {
  /** Undefined in a dry run. */
  readonly messageId: MessageId | undefined;
  readonly code: "OK" | "OK_QUEUED";
  readonly recipients: readonly RecipientAnswer[];
  readonly totalSegmentCount: number;
  readonly acceptTimeMs: number;
  readonly expireTimeMs: number;
  readonly replayed: boolean;
}

/** A delivery as an answer shows it. */
export interface AnsweredDelivery {
  readonly id: DeliveryId;
  readonly state: PublicState;
  readonly code: StatusCodeName;
  readonly encoding: Encoding | undefined;
  readonly segmentCount: number;
  readonly rule: string | undefined;
}

export function answerOfNew(delivery: NewDelivery): AnsweredDelivery {
  const { id, admission } = delivery;
  return admission.kind === "queued"
    ? {
        id,
        state: "QUEUED",
        code: "OK_QUEUED",
        encoding: admission.encoding,
        segmentCount: admission.segmentCount,
        rule: undefined,
      }
    : {
        id,
        state: "REJECTED",
        code: admission.code,
        encoding: undefined,
        segmentCount: 0,
        rule: ruleOfReason(admission.reason),
      };
}

export function answerOfStored(delivery: DeliveryView): AnsweredDelivery {
  return {
    id: delivery.id,
    state: toPublicState(delivery.state),
    code: delivery.code ?? codeOfState(delivery),
    encoding: delivery.encoding,
    segmentCount: delivery.segmentCount,
    rule: ruleOfReason(delivery.reason),
  };
}

/** Whether every part of it was once accepted by a gateway, whatever came after. */
export function wasSubmitted(delivery: DeliveryView): boolean {
  return delivery.submitTimeMs !== undefined;
}

/** Whether its first step is over: it was submitted, or it has ended. */
export function isUndecided(state: DeliveryState): boolean {
  return state === "SCHEDULED" || state === "QUEUED" || state === "SUBMITTING";
}

function codeOfState(delivery: DeliveryView): StatusCodeName {
  return wasSubmitted(delivery) ? "OK" : "OK_QUEUED";
}

/** One answer for each recipient of the request, in its order. */
export function answerRecipients(
  recipients: readonly string[],
  outcomes: readonly RecipientOutcome[],
  deliveries: readonly AnsweredDelivery[],
  options: { readonly hidesIds: boolean },
): readonly RecipientAnswer[] {
  return recipients.map((recipient, index) => {
    const outcome = outcomes[index];
    const delivery = outcome?.kind === "delivery" ? deliveries[outcome.position] : undefined;
    if (delivery === undefined) {
      const code = outcome?.kind === "refused" ? outcome.code : "INVALID_RECIPIENT";
      return {
        recipient,
        code,
        deliveryId: undefined,
        state: undefined,
        encoding: undefined,
        segmentCount: 0,
        rule: undefined,
      };
    }
    return {
      recipient,
      code: delivery.code,
      deliveryId: options.hidesIds ? undefined : delivery.id,
      state: delivery.state,
      encoding: delivery.encoding,
      segmentCount: delivery.segmentCount,
      rule: delivery.rule,
    };
  });
}

export function sumSegments(deliveries: readonly AnsweredDelivery[]): number {
  return deliveries.reduce((sum, delivery) => sum + delivery.segmentCount, 0);
}

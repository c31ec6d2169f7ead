/** Messages, deliveries, attempts and parts as GetStatus, ListSms and CancelSms show them. */
import type { StatusAnswer } from "../../app/get-status.ts";
import { type DeliveryState, toPublicState } from "../../domain/delivery-state.ts";
import type { Attempt, Delivery, Part, ReceiptDetail } from "../../gen/smsrelay/v1/delivery.ts";
import {
  CancelResult,
  type GetStatusResponse,
  type CancelOutcome as PbCancelOutcome,
  type Sms,
  type StateCount,
} from "../../gen/smsrelay/v1/sms_service.ts";
import type { CancelOutcome } from "../../store/settling.ts";
import type { AttemptView, DeliveryView, MessageView, PartView, ReceiptView } from "../../store/views.ts";
import { toEncoding, toLane, toOutcome, toReason, toState, toStatusCode } from "./enums.ts";
import { toDate } from "./time.ts";

export function toGetStatusResponse(answer: StatusAnswer): GetStatusResponse {
  return {
    sms: toSms(answer.message),
    deliveries: answer.deliveries.map(toDelivery),
    nextPageToken: answer.nextPageToken ?? "",
  };
}

export function toSms({ message, deliveryCount, stateCounts }: MessageView): Sms {
  return {
    messageId: message.id,
    sender: message.sender.address,
    clientReference: message.clientReference ?? "",
    lane: toLane(message.lane),
    acceptTime: toDate(message.acceptTimeMs),
    expireTime: toDate(message.expireTimeMs),
    deliveryCount,
    stateCounts: toStateCounts(stateCounts),
    metadata: { ...message.metadata },
  };
}

/** SUBMITTING is counted with QUEUED. */
function toStateCounts(counts: MessageView["stateCounts"]): StateCount[] {
  const shown = new Map<DeliveryState, number>();
  for (const [state, count] of Object.entries(counts) as [DeliveryState, number][]) {
    const outward = toPublicState(state);
    shown.set(outward, (shown.get(outward) ?? 0) + count);
  }
  return [...shown]
    .map(([state, deliveryCount]) => ({ state: toState(state), deliveryCount }))
    .filter((count) => count.deliveryCount > 0)
    .sort((a, b) => a.state - b.state);
}

function toDelivery(delivery: DeliveryView): Delivery {
  return {
    deliveryId: delivery.id,
    recipient: delivery.recipient,
    state: toState(delivery.state),
    statusCode: toStatusCode(delivery.code),
    failureReason: toReason(delivery.reason),
    gatewayId: delivery.gatewayId ?? "",
    encoding: toEncoding(delivery.encoding),
    segmentCount: delivery.segmentCount,
    submitTime: toDate(delivery.submitTimeMs),
    finalTime: toDate(delivery.finalTimeMs),
    attemptCount: delivery.attemptCount,
    attempts: delivery.attempts.map(toAttempt),
  };
}

function toAttempt(attempt: AttemptView): Attempt {
  return {
    number: attempt.number,
    gatewayId: attempt.gatewayId,
    outcome: toOutcome(attempt.outcome),
    startTime: toDate(attempt.startTimeMs),
    endTime: toDate(attempt.endTimeMs),
    encoding: toEncoding(attempt.encoding),
    segmentCount: attempt.segmentCount,
    parts: attempt.parts.map(toPart),
    leftOutGateways: attempt.trace.leftOut.map(({ gatewayId, reason }) => ({ gatewayId, reason })),
    marks: [...attempt.trace.marks],
  };
}

export function toPart(part: PartView): Part {
  return {
    number: part.number,
    outcome: toOutcome(part.outcome),
    smscMessageId: part.smscMessageId ?? "",
    commandStatus: part.commandStatus ?? 0,
    submitTime: toDate(part.submitTimeMs),
    receipt: part.receipt === undefined ? undefined : toReceipt(part.receipt),
  };
}

function toReceipt(receipt: ReceiptView): ReceiptDetail {
  return {
    state: toState(receipt.verdict === "RECORDED" ? undefined : receipt.verdict),
    stat: receipt.stat,
    err: receipt.err ?? "",
    networkErrorType: receipt.networkError?.type ?? 0,
    networkErrorCode: receipt.networkError?.code ?? 0,
    doneTime: toDate(receipt.doneTimeMs),
    carrier: receipt.carrier ?? "",
    arrivalTime: toDate(receipt.arrivalTimeMs),
  };
}

const cancelResults = {
  CANCELLED: CancelResult.CANCEL_RESULT_CANCELLED,
  PENDING: CancelResult.CANCEL_RESULT_PENDING,
  TOO_LATE: CancelResult.CANCEL_RESULT_TOO_LATE,
} as const satisfies Record<CancelOutcome["result"], CancelResult>;

export function toCancelOutcome(outcome: CancelOutcome): PbCancelOutcome {
  return {
    deliveryId: outcome.deliveryId,
    recipient: outcome.recipient,
    result: cancelResults[outcome.result],
    state: toState(outcome.state),
  };
}

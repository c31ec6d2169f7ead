/** Messages, deliveries, attempts and parts as GetStatus, ListSms and CancelSms show them. */
import type { StatusAnswer } from "../../app/messages/get-status.ts";
import { type DeliveryState, isFinal, toPublicState } from "../../domain/delivery-state.ts";
import { ruleOfReason } from "../../domain/policy-rule.ts";
import type { Attempt, Delivery, StateCount } from "../../gen/smsrelay/v1/delivery.ts";
import { type Sms, SmsState } from "../../gen/smsrelay/v1/sms.ts";
import {
  CancelResult,
  type CancelSmsResponse,
  type GetStatusResponse,
  type CancelOutcome as PbCancelOutcome,
} from "../../gen/smsrelay/v1/sms_service.ts";
import type { CancelOutcome } from "../../store/settling.ts";
import type { AttemptView, DeliveryView, MessageView } from "../../store/views.ts";
import {
  toEncoding,
  toLane,
  toMarks,
  toOutcome,
  toReason,
  toRouteReason,
  toState,
  toStatusCode,
} from "../translate/enums.ts";
import { toPart } from "../translate/part.ts";
import { toDate, toLatency } from "../translate/time.ts";

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
    state: toSmsState(stateCounts),
  };
}

type StateCounts = MessageView["stateCounts"];

/** The state of a message by all of its deliveries. */
function toSmsState(counts: StateCounts): SmsState {
  const states = (Object.keys(counts) as DeliveryState[]).filter((state) => counts[state] !== 0);
  const areAll = (wanted: DeliveryState) => states.every((state) => state === wanted);
  if (areAll("SCHEDULED")) return SmsState.SMS_STATE_SCHEDULED;
  if (areAll("CANCELLED")) return SmsState.SMS_STATE_CANCELLED;
  return states.every(isFinal) ? SmsState.SMS_STATE_ENDED : SmsState.SMS_STATE_RUNNING;
}

/** SUBMITTING is counted with QUEUED. */
function toStateCounts(counts: StateCounts): StateCount[] {
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
    doneTime: toDate(delivery.doneTimeMs),
    latency: toLatency(delivery.submitTimeMs, delivery.finalTimeMs),
    carrier: delivery.carrier ?? "",
    rule: ruleOfReason(delivery.reason) ?? "",
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
    leftOutGateways: attempt.trace.leftOut.map(({ gatewayId, reason }) => ({
      gatewayId,
      reason: toRouteReason(reason),
    })),
    marks: toMarks(attempt.trace.marks),
  };
}

const cancelResults = {
  CANCELLED: CancelResult.CANCEL_RESULT_CANCELLED,
  PENDING: CancelResult.CANCEL_RESULT_PENDING,
  TOO_LATE: CancelResult.CANCEL_RESULT_TOO_LATE,
} as const satisfies Record<CancelOutcome["result"], CancelResult>;

const mostOutcomes = 1_000;

export function toCancelSmsResponse(outcomes: readonly CancelOutcome[]): CancelSmsResponse {
  const counts: Partial<Record<DeliveryState, number>> = {};
  for (const { state } of outcomes) counts[state] = (counts[state] ?? 0) + 1;
  return {
    outcomes: outcomes.slice(0, mostOutcomes).map(toCancelOutcome),
    stateCounts: toStateCounts(counts),
    state: toSmsState(counts),
  };
}

function toCancelOutcome(outcome: CancelOutcome): PbCancelOutcome {
  return {
    deliveryId: outcome.deliveryId,
    recipient: outcome.recipient,
    result: cancelResults[outcome.result],
    state: toState(outcome.state),
  };
}

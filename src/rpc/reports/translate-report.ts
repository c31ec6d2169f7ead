/** Reports, and the request to stream them. */
import type { ReportFilter } from "../../app/reports/watch-reports.ts";
import type { FeedStart } from "../../app/subscriptions/feed-start.ts";
import { isFinal } from "../../domain/delivery-state.ts";
import { type FieldViolation, refuseFields } from "../../domain/errors.ts";
import { type MessageId, messageIdOf, parseMessageId } from "../../domain/ids.ts";
import type { DeliveryReport } from "../../gen/smsrelay/v1/delivery_report.ts";
import type { StreamDeliveryReportsRequest } from "../../gen/smsrelay/v1/sms_service.ts";
import type { StoredReport } from "../../store/reports.ts";
import { fromStreamStart } from "../subscriptions/translate-start.ts";
import { fromState, toReason, toState, toStatusCode } from "../translate/enums.ts";
import { toPart } from "../translate/part.ts";
import { toDate, toLatency } from "../translate/time.ts";

const maxMessageIds = 100;

/** Start, filter and limit of a request; throws with every fault found. */
export function fromStreamRequest(request: StreamDeliveryReportsRequest): {
  readonly start: FeedStart;
  readonly filter: ReportFilter;
  readonly reportLimit: number;
} {
  const violations: FieldViolation[] = [];
  const start = fromStreamStart(request.start, violations);
  const filter = fromFilter(request, violations);
  if (request.reportLimit < 0)
    violations.push({
      field: "report_limit",
      reason: "INVALID_PARAMETER",
      description: "must not be negative",
    });
  if (violations.length > 0) throw refuseFields(violations);
  return { start, filter, reportLimit: request.reportLimit || Number.POSITIVE_INFINITY };
}

function fromFilter(request: StreamDeliveryReportsRequest, violations: FieldViolation[]): ReportFilter {
  const states = new Set<StoredReport["state"]>();
  request.states.forEach((value, index) => {
    const state = fromState(value);
    if (state === undefined)
      violations.push({
        field: `states[${index}]`,
        reason: "INVALID_PARAMETER",
        description: "is not a known state",
      });
    // Nothing is reported for SCHEDULED: asking for it alone gives checkpoints.
    else states.add(state as StoredReport["state"]);
  });
  const messageIds = new Set<MessageId>();
  if (request.messageIds.length > maxMessageIds)
    violations.push({
      field: "message_ids",
      reason: "INVALID_PARAMETER",
      description: "must have at most 100 entries",
    });
  else
    request.messageIds.forEach((value, index) => {
      const id = parseMessageId(value);
      if (id === undefined)
        violations.push({
          field: `message_ids[${index}]`,
          reason: "INVALID_PARAMETER",
          description: "is not the id of a message",
        });
      else messageIds.add(id);
    });
  return {
    states: request.states.length === 0 ? undefined : states,
    messageIds: request.messageIds.length === 0 ? undefined : messageIds,
    clientReference: request.clientReference === "" ? undefined : request.clientReference,
  };
}

export function toDeliveryReport(report: StoredReport): DeliveryReport {
  const { submitTimeMs, timeMs, state } = report;
  const final = isFinal(state);
  return {
    reportNumber: BigInt(report.number),
    messageId: messageIdOf(report.deliveryId),
    deliveryId: report.deliveryId,
    recipient: report.recipient,
    clientReference: report.clientReference ?? "",
    metadata: { ...report.metadata },
    state: toState(state),
    statusCode: toStatusCode(report.code),
    failureReason: toReason(report.reason),
    reportTime: toDate(timeMs),
    acceptTime: toDate(report.acceptTimeMs),
    submitTime: toDate(submitTimeMs),
    doneTime: toDate(report.doneTimeMs),
    latency: toLatency(submitTimeMs, final ? timeMs : undefined),
    gatewayId: report.gatewayId ?? "",
    segmentCount: report.segmentCount,
    carrier: report.parts.find((part) => part.receipt?.carrier !== undefined)?.receipt?.carrier ?? "",
    parts: report.parts.map(toPart),
    isFinal: final,
    sender: report.sender,
  };
}

/** SendSms between the contract and the use case. */

import type { ContentInput, SendSmsInput, WaitFor } from "../../app/sending/request/send-request.ts";
import type { RecipientAnswer, SendSmsAnswer } from "../../app/sending/send-answer.ts";
import {
  WaitFor as PbWaitFor,
  type RecipientOutcome,
  type SendSmsRequest,
} from "../../gen/smsrelay/v1/sms.ts";
import type { SendSmsResponse } from "../../gen/smsrelay/v1/sms_service.ts";
import { wireFaultsOf } from "../calls/read-requests.ts";
import {
  fromContentCategory,
  fromDuplicatePolicy,
  fromSenderType,
  fromWantedEncoding,
  fromWantedLane,
  reader,
  toEncoding,
  toState,
  toStatusCode,
} from "../translate/enums.ts";
import { fromDuration, toDate } from "../translate/time.ts";
import { canonicalRequest } from "./canonical-request.ts";

const waitNumbers = {
  ACCEPTED: PbWaitFor.WAIT_FOR_ACCEPTED,
  GATEWAY: PbWaitFor.WAIT_FOR_GATEWAY,
} as const satisfies Record<WaitFor, PbWaitFor>;
const readWaitFor = reader(waitNumbers, "UNRECOGNIZED");
/** Undefined where it is unset. */
const fromWaitFor = (value: number) => (value === 0 ? undefined : readWaitFor(value));

export function fromSendSmsRequest(request: SendSmsRequest): SendSmsInput {
  return {
    sender: request.sender,
    recipients: request.recipients,
    content: fromContent(request.content),
    requestId: request.requestId,
    clientReference: request.clientReference,
    lane: fromWantedLane(request.lane),
    validityMs: fromDuration(request.expiration?.value),
    encoding: fromWantedEncoding(request.encoding),
    transliterate: request.transliterate,
    maxSegments: request.maxSegments,
    premium: request.premium,
    duplicatePolicy: fromDuplicatePolicy(request.duplicatePolicy),
    allowPartial: request.allowPartial,
    waitFor: fromWaitFor(request.waitFor),
    dryRun: request.dryRun,
    metadata: request.metadata,
    contentCategory: fromContentCategory(request.contentCategory),
    regionCode: request.regionCode,
    senderType: fromSenderType(request.senderType),
    canonical: request.requestId === "" ? "" : canonicalRequest(request),
    wireFaults: wireFaultsOf(request),
  };
}

export function fromContent(content: SendSmsRequest["content"]): ContentInput | undefined {
  if (content === undefined) return undefined;
  return content.$case === "text"
    ? { kind: "text", text: content.value }
    : { kind: "binary", data: content.value.data, udh: content.value.udh };
}

export function toSendSmsResponse(answer: SendSmsAnswer): SendSmsResponse {
  return {
    messageId: answer.messageId ?? "",
    statusCode: toStatusCode(answer.code),
    outcomes: answer.recipients.map(toRecipientOutcome),
    totalSegmentCount: answer.totalSegmentCount,
    acceptTime: toDate(answer.acceptTimeMs),
    expireTime: toDate(answer.expireTimeMs),
    replayed: answer.replayed,
  };
}

export function toRecipientOutcome(answer: RecipientAnswer): RecipientOutcome {
  return {
    recipient: answer.recipient,
    statusCode: toStatusCode(answer.code),
    deliveryId: answer.deliveryId ?? "",
    state: toState(answer.state),
    encoding: toEncoding(answer.encoding),
    segmentCount: answer.segmentCount,
    rule: answer.rule ?? "",
  };
}

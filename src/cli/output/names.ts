/** The contract's enums as the command line writes and reads them: without their prefixes. */
import {
  type AttemptMark,
  type AttemptOutcome,
  attemptMarkToJSON,
  attemptOutcomeToJSON,
  type DeliveryState,
  deliveryStateToJSON,
  type FailureReason,
  failureReasonToJSON,
  type RouteReason,
  routeReasonToJSON,
} from "../../gen/smsrelay/v1/delivery.ts";
import {
  type ContentCategory as CategoryType,
  ContentCategory,
  type Encoding,
  encodingToJSON,
  Lane,
  type Lane as LaneType,
  laneToJSON,
  type SenderType as SenderKind,
  SenderType,
} from "../../gen/smsrelay/v1/message.ts";
import { type SmsStatusCode, smsStatusCodeToJSON } from "../../gen/smsrelay/v1/status_code.ts";
import { bareName } from "./output.ts";

export const stateName = (state: DeliveryState) => bareName(deliveryStateToJSON(state), "DELIVERY_STATE");
export const reasonName = (reason: FailureReason) => bareName(failureReasonToJSON(reason), "FAILURE_REASON");
export const outcomeName = (outcome: AttemptOutcome) =>
  bareName(attemptOutcomeToJSON(outcome), "ATTEMPT_OUTCOME");
export const markName = (mark: AttemptMark) => bareName(attemptMarkToJSON(mark), "ATTEMPT_MARK");
export const routeReasonName = (reason: RouteReason) => bareName(routeReasonToJSON(reason), "ROUTE_REASON");
export const encodingName = (encoding: Encoding) => bareName(encodingToJSON(encoding), "ENCODING");
export const laneName = (lane: LaneType) => bareName(laneToJSON(lane), "LANE");

/** `4112 NO_ROUTE`; empty where there is no code. */
export function codeText(code: SmsStatusCode): string {
  return code === 0 ? "" : `${code} ${bareName(smsStatusCodeToJSON(code), "SMS_STATUS_CODE")}`;
}

/** The same with the account's rule that says no: `4029 RECIPIENTS_NOT_ALLOWED by COUNTRY`. */
export function refusalText({
  statusCode,
  rule,
}: {
  readonly statusCode: SmsStatusCode;
  readonly rule: string;
}): string {
  return rule === "" ? codeText(statusCode) : `${codeText(statusCode)} by ${rule}`;
}

/** `advertisement` → ContentCategory.CONTENT_CATEGORY_ADVERTISEMENT. */
export const categoryByName: Readonly<Record<string, CategoryType>> = {
  informational: ContentCategory.CONTENT_CATEGORY_INFORMATIONAL,
  advertisement: ContentCategory.CONTENT_CATEGORY_ADVERTISEMENT,
};

/** `short-code` → SenderType.SENDER_TYPE_SHORT_CODE. */
export const senderTypeByName: Readonly<Record<string, SenderKind>> = {
  international: SenderType.SENDER_TYPE_INTERNATIONAL,
  national: SenderType.SENDER_TYPE_NATIONAL,
  alphanumeric: SenderType.SENDER_TYPE_ALPHANUMERIC,
  "short-code": SenderType.SENDER_TYPE_SHORT_CODE,
};

/** `otp` → Lane.LANE_OTP. */
export const laneByName: Readonly<Record<string, LaneType>> = {
  otp: Lane.LANE_OTP,
  normal: Lane.LANE_NORMAL,
  bulk: Lane.LANE_BULK,
};

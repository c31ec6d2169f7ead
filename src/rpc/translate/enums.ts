/** The contract's enums and our words for them, as tables that are read both ways. */

import type { Unknown } from "../../app/calls/unknown.ts";
import type { DeliveryState, FailureReason } from "../../domain/delivery-state.ts";
import type { AttemptMark, AttemptOutcome, DuplicatePolicy, Lane, Message } from "../../domain/message.ts";
import type { Scope } from "../../domain/scopes.ts";
import { type StatusCodeName, statusCode } from "../../domain/status-code.ts";
import type { Concatenation, Encoding } from "../../encoding/message-plan.ts";
import { Scope as PbScope } from "../../gen/smsrelay/v1/api_key.ts";
import {
  AttemptMark as PbAttemptMark,
  AttemptOutcome as PbAttemptOutcome,
  DeliveryState as PbDeliveryState,
  FailureReason as PbFailureReason,
  RouteReason as PbRouteReason,
} from "../../gen/smsrelay/v1/delivery.ts";
import {
  Concatenation as PbConcatenation,
  DuplicatePolicy as PbDuplicatePolicy,
  Encoding as PbEncoding,
  Lane as PbLane,
} from "../../gen/smsrelay/v1/message.ts";
import type { SmsStatusCode as PbStatusCode } from "../../gen/smsrelay/v1/status_code.ts";
import { Feed as PbFeed, InitialStart as PbInitialStart } from "../../gen/smsrelay/v1/subscription.ts";
import type { LeftOutReason, NotNowReason } from "../../routing/route-gateway.ts";

/** The word for a number, `fallback` for 0, and UNRECOGNIZED for a number that the table lacks. */
export function reader<Word extends string, Default extends string>(
  table: Readonly<Record<Word, number>>,
  fallback: Default,
): (value: number) => Word | Default | Unknown {
  const words = new Map(Object.entries<number>(table).map(([word, number]) => [number, word as Word]));
  return (value) => (value === 0 ? fallback : (words.get(value) ?? "UNRECOGNIZED"));
}

const laneNumbers = {
  OTP: PbLane.LANE_OTP,
  NORMAL: PbLane.LANE_NORMAL,
  BULK: PbLane.LANE_BULK,
} as const satisfies Record<Lane, PbLane>;
export const fromLane = reader(laneNumbers, "NORMAL");
export const toLane = (lane: Lane): PbLane => laneNumbers[lane];

/** What a request may ask for; BINARY is said by the content alone. */
const wantedEncodings = {
  gsm7: PbEncoding.ENCODING_GSM7,
  ucs2: PbEncoding.ENCODING_UCS2,
} as const satisfies Partial<Record<Message["encoding"], PbEncoding>>;
export const fromWantedEncoding = reader(wantedEncodings, "auto");

const encodingNumbers = {
  ...wantedEncodings,
  binary: PbEncoding.ENCODING_BINARY,
} as const satisfies Record<Encoding, PbEncoding>;
export const toEncoding = (encoding: Encoding | undefined): PbEncoding =>
  encoding === undefined ? PbEncoding.ENCODING_UNSPECIFIED : encodingNumbers[encoding];

const policyNumbers = {
  AT_LEAST_ONCE: PbDuplicatePolicy.DUPLICATE_POLICY_AT_LEAST_ONCE,
  AT_MOST_ONCE: PbDuplicatePolicy.DUPLICATE_POLICY_AT_MOST_ONCE,
} as const satisfies Record<DuplicatePolicy, PbDuplicatePolicy>;
export const fromDuplicatePolicy = reader(policyNumbers, "AT_LEAST_ONCE");

const stateNumbers = {
  SCHEDULED: PbDeliveryState.DELIVERY_STATE_SCHEDULED,
  QUEUED: PbDeliveryState.DELIVERY_STATE_QUEUED,
  SUBMITTED: PbDeliveryState.DELIVERY_STATE_SUBMITTED,
  DELIVERED: PbDeliveryState.DELIVERY_STATE_DELIVERED,
  UNDELIVERABLE: PbDeliveryState.DELIVERY_STATE_UNDELIVERABLE,
  EXPIRED: PbDeliveryState.DELIVERY_STATE_EXPIRED,
  REJECTED: PbDeliveryState.DELIVERY_STATE_REJECTED,
  UNKNOWN: PbDeliveryState.DELIVERY_STATE_UNKNOWN,
  CANCELLED: PbDeliveryState.DELIVERY_STATE_CANCELLED,
} as const;
/** Undefined for UNSPECIFIED and for numbers without a state. */
export function fromState(value: number): keyof typeof stateNumbers | undefined {
  const word = readState(value);
  return word === "UNRECOGNIZED" ? undefined : word;
}
const readState = reader(stateNumbers, "UNRECOGNIZED");
/** SUBMITTING is shown as QUEUED. */
export function toState(state: DeliveryState | undefined): PbDeliveryState {
  if (state === undefined) return PbDeliveryState.DELIVERY_STATE_UNSPECIFIED;
  return stateNumbers[state === "SUBMITTING" ? "QUEUED" : state];
}

const reasonNumbers = {
  UNKNOWN_SUBSCRIBER: PbFailureReason.FAILURE_REASON_UNKNOWN_SUBSCRIBER,
  ABSENT_SUBSCRIBER: PbFailureReason.FAILURE_REASON_ABSENT_SUBSCRIBER,
  BARRED: PbFailureReason.FAILURE_REASON_BARRED,
  HANDSET_FULL: PbFailureReason.FAILURE_REASON_HANDSET_FULL,
  BLOCKED: PbFailureReason.FAILURE_REASON_BLOCKED,
  NETWORK: PbFailureReason.FAILURE_REASON_NETWORK,
  NO_RECEIPT: PbFailureReason.FAILURE_REASON_NO_RECEIPT,
  NO_RECEIPTS: PbFailureReason.FAILURE_REASON_RECEIPTS_UNSUPPORTED,
  AMBIGUOUS: PbFailureReason.FAILURE_REASON_AMBIGUOUS,
  NO_ROUTE: PbFailureReason.FAILURE_REASON_NO_ROUTE,
  REFUSED: PbFailureReason.FAILURE_REASON_REFUSED,
  VALIDITY_OVER: PbFailureReason.FAILURE_REASON_VALIDITY_OVER,
  CANCELLED: PbFailureReason.FAILURE_REASON_CANCELLED,
  OTHER: PbFailureReason.FAILURE_REASON_OTHER,
} as const satisfies Record<FailureReason, PbFailureReason>;
export const toReason = (reason: FailureReason | undefined): PbFailureReason =>
  reason === undefined ? PbFailureReason.FAILURE_REASON_UNSPECIFIED : reasonNumbers[reason];

const outcomeNumbers = {
  ACCEPTED: PbAttemptOutcome.ATTEMPT_OUTCOME_ACCEPTED,
  REFUSED_RECIPIENT: PbAttemptOutcome.ATTEMPT_OUTCOME_REFUSED_RECIPIENT,
  REFUSED_ROUTE: PbAttemptOutcome.ATTEMPT_OUTCOME_REFUSED_ROUTE,
  TEMPORARY: PbAttemptOutcome.ATTEMPT_OUTCOME_TEMPORARY,
  THROTTLED: PbAttemptOutcome.ATTEMPT_OUTCOME_THROTTLED,
  SESSION_LOST_BEFORE_WRITE: PbAttemptOutcome.ATTEMPT_OUTCOME_SESSION_LOST_BEFORE_WRITE,
  AMBIGUOUS: PbAttemptOutcome.ATTEMPT_OUTCOME_AMBIGUOUS,
  EXPIRED: PbAttemptOutcome.ATTEMPT_OUTCOME_EXPIRED,
  UNSENT: PbAttemptOutcome.ATTEMPT_OUTCOME_UNSENT,
} as const satisfies Record<AttemptOutcome | "UNSENT", PbAttemptOutcome>;
export const toOutcome = (outcome: AttemptOutcome | "UNSENT"): PbAttemptOutcome => outcomeNumbers[outcome];

const markNumbers: Readonly<Record<AttemptMark, PbAttemptMark>> = {
  RESUMED: PbAttemptMark.ATTEMPT_MARK_RESUMED,
  FAILOVER_AFTER_AMBIGUITY: PbAttemptMark.ATTEMPT_MARK_FAILOVER_AFTER_AMBIGUITY,
  FAILOVER_WITH_PARTS_ACCEPTED: PbAttemptMark.ATTEMPT_MARK_FAILOVER_WITH_PARTS_ACCEPTED,
  AFTER_CRASH: PbAttemptMark.ATTEMPT_MARK_AFTER_CRASH,
  FENCED: PbAttemptMark.ATTEMPT_MARK_FENCED,
};
/** Those of ours; a newer program may have written others beside them. */
export const toMarks = (marks: readonly AttemptMark[]): PbAttemptMark[] =>
  marks.map((mark) => markNumbers[mark]).filter((number) => number !== undefined);

const routeReasonNumbers: Readonly<Record<LeftOutReason | NotNowReason | "ELSEWHERE", PbRouteReason>> = {
  ACCOUNT: PbRouteReason.ROUTE_REASON_ACCOUNT,
  NOT_REQUESTED: PbRouteReason.ROUTE_REASON_NOT_REQUESTED,
  COUNTRY: PbRouteReason.ROUTE_REASON_COUNTRY,
  PREFIX: PbRouteReason.ROUTE_REASON_PREFIX,
  SENDER: PbRouteReason.ROUTE_REASON_SENDER,
  REFUSED_BEFORE: PbRouteReason.ROUTE_REASON_REFUSED_BEFORE,
  ENCODING: PbRouteReason.ROUTE_REASON_ENCODING,
  TOO_MANY_SEGMENTS: PbRouteReason.ROUTE_REASON_TOO_MANY_SEGMENTS,
  DOWN: PbRouteReason.ROUTE_REASON_DOWN,
  PAUSED: PbRouteReason.ROUTE_REASON_PAUSED,
  CIRCUIT_OPEN: PbRouteReason.ROUTE_REASON_CIRCUIT_OPEN,
  ELSEWHERE: PbRouteReason.ROUTE_REASON_ELSEWHERE,
};
/** Unspecified where there is none, and for a word that a newer program wrote. */
export function toRouteReason(reason: string | undefined): PbRouteReason {
  const numbers: Readonly<Record<string, PbRouteReason>> = routeReasonNumbers;
  return (reason === undefined ? undefined : numbers[reason]) ?? PbRouteReason.ROUTE_REASON_UNSPECIFIED;
}

const concatenationNumbers = {
  udh8: PbConcatenation.CONCATENATION_UDH8,
  udh16: PbConcatenation.CONCATENATION_UDH16,
  sar: PbConcatenation.CONCATENATION_SAR,
  payload: PbConcatenation.CONCATENATION_PAYLOAD,
} as const satisfies Record<Concatenation, PbConcatenation>;
export const toConcatenation = (concatenation: Concatenation | undefined): PbConcatenation =>
  concatenation === undefined
    ? PbConcatenation.CONCATENATION_UNSPECIFIED
    : concatenationNumbers[concatenation];

const scopeNumbers = {
  SEND: PbScope.SCOPE_SEND,
  READ: PbScope.SCOPE_READ,
  MANAGE: PbScope.SCOPE_MANAGE,
  ADMIN: PbScope.SCOPE_ADMIN,
} as const satisfies Record<Scope, PbScope>;
/** In a list there is no default: 0 is not a scope. */
export const fromScope = reader(scopeNumbers, "UNRECOGNIZED");
export const toScope = (scope: Scope): PbScope => scopeNumbers[scope];

const feedNumbers = { DELIVERY_REPORTS: PbFeed.FEED_DELIVERY_REPORTS } as const;
export const fromFeed = reader(feedNumbers, "DELIVERY_REPORTS");

const initialStartNumbers = {
  NOW: PbInitialStart.INITIAL_START_NOW,
  EARLIEST: PbInitialStart.INITIAL_START_EARLIEST,
} as const;
export const fromInitialStart = reader(initialStartNumbers, "NOW");

/** Both tables hold the same numbers; a test compares them. */
export function toStatusCode(name: StatusCodeName | undefined): PbStatusCode {
  return (name === undefined ? 0 : statusCode(name).number) as PbStatusCode;
}

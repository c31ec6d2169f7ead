/**
 * The contract's enums and our words for them, as tables that are read both ways. Where our words are the contract's own, the table is
 * made from the contract: a word that one of them lacks fails the types.
 */
import type { Unknown } from "../../app/calls/unknown.ts";
import type { AccountState } from "../../domain/account.ts";
import type { DeliveryState, FailureReason } from "../../domain/delivery-state.ts";
import type { AttemptMark, AttemptOutcome, DuplicatePolicy, Lane, Message } from "../../domain/message.ts";
import { type PolicyReason, ruleOfReason } from "../../domain/policy-rule.ts";
import type { SenderState } from "../../domain/registered-sender.ts";
import type { Scope } from "../../domain/scopes.ts";
import type { SenderType } from "../../domain/sender.ts";
import { type StatusCodeName, statusCode } from "../../domain/status-code.ts";
import type { SuppressionSource } from "../../domain/suppression.ts";
import type { Concatenation, Encoding } from "../../encoding/message-plan.ts";
import {
  AccountState as PbAccountState,
  NumberForms as PbNumberForms,
  SenderState as PbSenderState,
  SuppressionSource as PbSuppressionSource,
} from "../../gen/smsrelay/v1/account.ts";
import {
  SenderDecision as PbSenderDecision,
  AuditSubjectKind as PbSubjectKind,
} from "../../gen/smsrelay/v1/admin_service.ts";
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
  ContentCategory as PbContentCategory,
  DuplicatePolicy as PbDuplicatePolicy,
  Encoding as PbEncoding,
  Lane as PbLane,
  SenderType as PbSenderType,
} from "../../gen/smsrelay/v1/message.ts";
import type { SmsStatusCode as PbStatusCode } from "../../gen/smsrelay/v1/status_code.ts";
import { Feed as PbFeed, InitialStart as PbInitialStart } from "../../gen/smsrelay/v1/subscription.ts";
import type { ContentCategory, NumberForms } from "../../policy/policy.ts";
import type { LeftOutReason, NotNowReason } from "../../routing/route-gateway.ts";
import type { SubjectKind } from "../../store/records/audit.ts";

/** The numbers of an enum by their words without its prefix; not the one that says nothing. */
type NumbersOf<Numbers, Prefix extends string> = {
  readonly [Name in keyof Numbers as Name extends `${Prefix}${infer Word}`
    ? Exclude<Word, "UNSPECIFIED">
    : never]: Numbers[Name];
};

function numbersOf<Numbers extends Readonly<Record<string, number>>, Prefix extends string>(
  numbers: Numbers,
  prefix: Prefix,
): NumbersOf<Numbers, Prefix> {
  const named = Object.entries(numbers).filter(([name, number]) => name.startsWith(prefix) && number !== 0);
  return Object.fromEntries(named.map(([name, number]) => [name.slice(prefix.length), number])) as NumbersOf<
    Numbers,
    Prefix
  >;
}

/** The word for a number, `fallback` for 0, and UNRECOGNIZED for a number that the table lacks. */
export function reader<Word extends string, Default extends string>(
  table: Readonly<Record<Word, number>>,
  fallback: Default,
): (value: number) => Word | Default | Unknown {
  const words = new Map(Object.entries<number>(table).map(([word, number]) => [number, word as Word]));
  return (value) => (value === 0 ? fallback : (words.get(value) ?? "UNRECOGNIZED"));
}

const laneNumbers = numbersOf(PbLane, "LANE_") satisfies Record<Lane, PbLane>;
export const fromLane = reader(laneNumbers, "NORMAL");
/** Undefined where it is unset. */
export const fromWantedLane = (value: number) => (value === 0 ? undefined : fromLane(value));
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

const policyNumbers = numbersOf(PbDuplicatePolicy, "DUPLICATE_POLICY_") satisfies Record<
  DuplicatePolicy,
  PbDuplicatePolicy
>;
export const fromDuplicatePolicy = reader(policyNumbers, "AT_LEAST_ONCE");

const categoryNumbers = numbersOf(PbContentCategory, "CONTENT_CATEGORY_") satisfies Record<
  ContentCategory,
  PbContentCategory
>;
export const fromContentCategory = reader(categoryNumbers, "INFORMATIONAL");
/** Where one has to be named. */
export const fromWantedCategory = reader(categoryNumbers, "UNRECOGNIZED");
/** A word of a later release is told as none. */
export const toContentCategory = (category: string): PbContentCategory =>
  (categoryNumbers as Readonly<Record<string, PbContentCategory>>)[category] ??
  PbContentCategory.CONTENT_CATEGORY_UNSPECIFIED;

const readSenderType = reader(
  numbersOf(PbSenderType, "SENDER_TYPE_") satisfies Record<SenderType, PbSenderType>,
  "UNRECOGNIZED",
);
/** Undefined where it is unset. */
export const fromSenderType = (value: number) => (value === 0 ? undefined : readSenderType(value));

const numberFormsNumbers = numbersOf(PbNumberForms, "NUMBER_FORMS_") satisfies Record<
  NumberForms,
  PbNumberForms
>;
const readNumberForms = reader(numberFormsNumbers, "UNRECOGNIZED");
/** Undefined where it is unset. */
export const fromNumberForms = (value: number) => (value === 0 ? undefined : readNumberForms(value));
export const toNumberForms = (forms: NumberForms | undefined): PbNumberForms =>
  forms === undefined ? PbNumberForms.NUMBER_FORMS_UNSPECIFIED : numberFormsNumbers[forms];

const stateNumbers = numbersOf(PbDeliveryState, "DELIVERY_STATE_");
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

const reasonNumbers: Readonly<Record<Exclude<FailureReason, PolicyReason>, PbFailureReason>> = {
  ...numbersOf(PbFailureReason, "FAILURE_REASON_"),
  NO_RECEIPTS: PbFailureReason.FAILURE_REASON_RECEIPTS_UNSUPPORTED,
};
/** POLICY for every rule of an account, also one that a newer program judged by; OTHER for other words of such a program. */
export function toReason(reason: FailureReason | undefined): PbFailureReason {
  if (reason === undefined) return PbFailureReason.FAILURE_REASON_UNSPECIFIED;
  if (ruleOfReason(reason) !== undefined) return PbFailureReason.FAILURE_REASON_POLICY;
  const numbers: Readonly<Record<string, PbFailureReason>> = reasonNumbers;
  return numbers[reason] ?? PbFailureReason.FAILURE_REASON_OTHER;
}

const outcomeNumbers: Readonly<Record<AttemptOutcome | "UNSENT", PbAttemptOutcome>> = numbersOf(
  PbAttemptOutcome,
  "ATTEMPT_OUTCOME_",
);
export const toOutcome = (outcome: AttemptOutcome | "UNSENT"): PbAttemptOutcome => outcomeNumbers[outcome];

const markNumbers: Readonly<Record<AttemptMark, PbAttemptMark>> = numbersOf(PbAttemptMark, "ATTEMPT_MARK_");
/** Those of ours; a newer program may have written others beside them. */
export const toMarks = (marks: readonly AttemptMark[]): PbAttemptMark[] =>
  marks.map((mark) => markNumbers[mark]).filter((number) => number !== undefined);

const routeReasonNumbers: Readonly<Record<LeftOutReason | NotNowReason | "ELSEWHERE", PbRouteReason>> =
  numbersOf(PbRouteReason, "ROUTE_REASON_");
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

const scopeNumbers = numbersOf(PbScope, "SCOPE_") satisfies Record<Scope, PbScope>;
/** In a list there is no default: 0 is not a scope. */
export const fromScope = reader(scopeNumbers, "UNRECOGNIZED");
/** Unspecified for one that a newer program wrote. */
export const toScope = (scope: Scope): PbScope => scopeNumbers[scope] ?? PbScope.SCOPE_UNSPECIFIED;

const accountStateNumbers = numbersOf(PbAccountState, "ACCOUNT_STATE_") satisfies Record<
  AccountState,
  PbAccountState
>;
/** In a list there is no default. */
export const fromAccountState = reader(accountStateNumbers, "UNRECOGNIZED");
/** Unspecified for one that a newer program wrote. */
export const toAccountState = (state: AccountState): PbAccountState =>
  accountStateNumbers[state] ?? PbAccountState.ACCOUNT_STATE_UNSPECIFIED;

const senderStateNumbers = numbersOf(PbSenderState, "SENDER_STATE_") satisfies Record<
  SenderState,
  PbSenderState
>;
/** In a list there is no default. */
export const fromSenderState = reader(senderStateNumbers, "UNRECOGNIZED");
/** Unspecified for one that a newer program wrote. */
export const toSenderState = (state: SenderState): PbSenderState =>
  senderStateNumbers[state] ?? PbSenderState.SENDER_STATE_UNSPECIFIED;

const sourceNumbers = numbersOf(PbSuppressionSource, "SUPPRESSION_SOURCE_") satisfies Record<
  SuppressionSource,
  PbSuppressionSource
>;
/** Unspecified for one that a newer program wrote. */
export const toSuppressionSource = (source: SuppressionSource): PbSuppressionSource =>
  sourceNumbers[source] ?? PbSuppressionSource.SUPPRESSION_SOURCE_UNSPECIFIED;
export const fromSenderDecision = reader(numbersOf(PbSenderDecision, "SENDER_DECISION_"), "UNSPECIFIED");

const subjectKindNumbers = numbersOf(PbSubjectKind, "AUDIT_SUBJECT_KIND_") satisfies Record<
  Exclude<SubjectKind, "">,
  PbSubjectKind
>;
export const fromSubjectKind = reader(subjectKindNumbers, "");
/** Unspecified for a kind that a newer program wrote. */
export const toSubjectKind = (kind: SubjectKind): PbSubjectKind =>
  (kind === "" ? undefined : subjectKindNumbers[kind]) ?? PbSubjectKind.AUDIT_SUBJECT_KIND_UNSPECIFIED;

const feedNumbers = numbersOf(PbFeed, "FEED_");
export const fromFeed = reader(feedNumbers, "DELIVERY_REPORTS");

const initialStartNumbers = numbersOf(PbInitialStart, "INITIAL_START_");
export const fromInitialStart = reader(initialStartNumbers, "NOW");

/** Both tables hold the same numbers; a test compares them. */
export function toStatusCode(name: StatusCodeName | undefined): PbStatusCode {
  return (name === undefined ? 0 : statusCode(name).number) as PbStatusCode;
}

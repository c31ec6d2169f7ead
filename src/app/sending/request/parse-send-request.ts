/** Checks the whole form of a request to send, so that a refusal names every fault at once and in field order. */
import type { FieldViolation } from "../../../domain/errors.ts";
import type { Sender } from "../../../domain/message.ts";
import { parseSender, parseSenderOfType, type SenderType } from "../../../domain/sender.ts";
import type { StatusCodeName } from "../../../domain/status-code.ts";
import { isCountry } from "../../../policy/number-plan.ts";
import { isToldByZero, longestValidityMs, shortestValidityMs } from "../../../policy/parse-policy.ts";
import type { AccountPolicy } from "../../../policy/policy.ts";
import { isCleanText, isLongerThan } from "../../calls/check-stored-text.ts";
import { parseCoding, parseContent } from "./parse-content.ts";
import { parseMetadata } from "./parse-metadata.ts";
import { parseRecipients } from "./recipients.ts";
import type { SendRequest, SendSmsInput } from "./send-request.ts";

const requestIdForm = /^[\x20-\x7e]{1,64}$/;
const notSent = "must be unset, since nothing is sent";
const nowhere: Sender = { kind: "NUMERIC", address: "" };

export type ParseResult =
  | { readonly kind: "parsed"; readonly request: SendRequest }
  | { readonly kind: "refused"; readonly violations: readonly FieldViolation[] };

export interface ParseRules {
  readonly maxRecipients: number;
  /** Of the account, which may narrow bounds and widen forms. */
  readonly policy?: AccountPolicy | undefined;
  /** It is sent by a call or among many (on a stream or in a batch), or only looked at: planned, for which nobody need be named, or routed in thought. */
  readonly purpose: "call" | "stream" | "plan" | "route";
}

/** The request with its defaults filled in, or everything that is wrong with it. */
export function parseSendRequest(input: SendSmsInput, rules: ParseRules): ParseResult {
  const { maxRecipients, policy, purpose } = rules;
  const violations: FieldViolation[] = [];
  const refuse = (field: string, reason: StatusCodeName, description: string) => {
    violations.push({ field, reason, description });
  };
  const isLook = purpose === "plan" || purpose === "route";
  const hasAddresses = purpose !== "plan" || input.recipients.length > 0;
  const named = input.sender === "" ? (policy?.defaultSender ?? "") : input.sender;
  const parsedSender = hasAddresses || input.sender !== "" ? parseSenderField(named, violations) : nowhere;
  const recipients = hasAddresses
    ? parseRecipients(
        input.recipients,
        { maxRecipients, allowPartial: input.allowPartial, policy, regionCode: input.regionCode },
        violations,
      )
    : [];
  const content = parseContent(input.content, violations, policy?.maxTextLength);
  if (input.requestId === "") {
    if (purpose === "stream") refuse("request_id", "PARAMETER_MISSING", "is required on a stream");
  } else if (isLook) refuse("request_id", "INVALID_PARAMETER", notSent);
  else if (!requestIdForm.test(input.requestId))
    refuse("request_id", "INVALID_PARAMETER", "must be 1 to 64 printable ASCII characters");
  if (isLongerThan(input.clientReference, 128) || !isCleanText(input.clientReference))
    refuse(
      "client_reference",
      "INVALID_MESSAGE_ID",
      "must have at most 128 characters, no controls and no U+FFFD",
    );
  if (input.lane === "UNRECOGNIZED")
    refuse("lane", "INVALID_MESSAGE_PRIORITY", "must be unset, OTP, NORMAL or BULK");
  const { validityMs } = input;
  if (validityMs !== undefined && !(validityMs >= shortestValidityMs && validityMs <= longestValidityMs))
    refuse("validity", "INVALID_VALIDITY_PERIODE", "must be 60 seconds to 72 hours");
  const coding = parseCoding(input, violations);
  if (input.duplicatePolicy === "UNRECOGNIZED")
    refuse("duplicate_policy", "INVALID_PARAMETER", "must be unset, AT_LEAST_ONCE or AT_MOST_ONCE");
  if (isLook && input.allowPartial) refuse("allow_partial", "INVALID_PARAMETER", notSent);
  if (isLook && input.waitFor !== undefined) refuse("wait_for", "INVALID_PARAMETER", notSent);
  else if (input.waitFor === "UNRECOGNIZED")
    refuse("wait_for", "INVALID_PARAMETER", "must be unset, ACCEPTED or GATEWAY");
  else if (input.waitFor === "GATEWAY" && purpose === "stream")
    refuse("wait_for", "INVALID_PARAMETER", "must not be GATEWAY on a stream or in a batch");
  if (isLook && input.dryRun) refuse("dry_run", "INVALID_PARAMETER", notSent);
  const metadata = parseMetadata(input.metadata, violations);
  if (input.contentCategory === "UNRECOGNIZED")
    refuse("content_category", "INVALID_CONTENT_CATEGORY", "must be unset, INFORMATIONAL or ADVERTISEMENT");
  parseRegionCode(input.regionCode, policy, violations);
  const sender = input.senderType === undefined ? parsedSender : typedSender(parsedSender, input, violations);
  violations.push(...input.wireFaults);

  if (violations.length > 0 || content === undefined) return { kind: "refused", violations };
  return {
    kind: "parsed",
    request: {
      sender,
      recipients,
      content,
      requestId: input.requestId === "" ? undefined : input.requestId,
      clientReference: input.clientReference === "" ? undefined : input.clientReference,
      lane: input.lane === "UNRECOGNIZED" ? undefined : input.lane,
      validityMs: validityMs === undefined ? undefined : Math.trunc(validityMs),
      ...coding,
      premium: input.premium,
      duplicatePolicy: input.duplicatePolicy === "UNRECOGNIZED" ? "AT_LEAST_ONCE" : input.duplicatePolicy,
      waitFor: input.waitFor === "GATEWAY" ? "GATEWAY" : "ACCEPTED",
      dryRun: input.dryRun,
      metadata,
      contentCategory: input.contentCategory === "UNRECOGNIZED" ? "INFORMATIONAL" : input.contentCategory,
    },
  };
}

/** The sender; where a violation was added, a value that nobody uses. */
function parseSenderField(value: string, violations: FieldViolation[]): Sender {
  if (value === "") {
    violations.push({ field: "sender", reason: "PARAMETER_MISSING", description: "is required" });
    return nowhere;
  }
  const sender = parseSender(value);
  if (sender !== undefined) return sender;
  violations.push({
    field: "sender",
    reason: "INVALID_SENDER",
    description: "must be 1 to 15 digits, or 1 to 11 of A-Z a-z 0-9 and inner spaces with a letter",
  });
  return nowhere;
}

/** The sender as it is meant; the one of its form where a violation was added, which nobody uses then. */
function typedSender(
  sender: Sender,
  { sender: given, senderType }: SendSmsInput,
  violations: FieldViolation[],
): Sender {
  const refuse = (reason: StatusCodeName, description: string) => {
    violations.push({ field: "sender_type", reason, description });
    return sender;
  };
  if (given === "") return refuse("INVALID_PARAMETER", "must be unset where there is no sender");
  if (sender === nowhere) return sender;
  if (senderType === "UNRECOGNIZED" || senderType === undefined)
    return refuse("INVALID_SENDER", "must be unset, INTERNATIONAL, NATIONAL, ALPHANUMERIC or SHORT_CODE");
  return parseSenderOfType(given, senderType) ?? refuse("INVALID_SENDER", senderTypeRules[senderType]);
}

const senderTypeRules: Readonly<Record<SenderType, string>> = {
  INTERNATIONAL: "is INTERNATIONAL, and the sender is not 7 to 15 digits with a calling code",
  NATIONAL: "is NATIONAL, and the sender is not digits without plus and 00",
  ALPHANUMERIC: "is ALPHANUMERIC, and the sender has no letter",
  SHORT_CODE: "is SHORT_CODE, and the sender is not digits without plus and 00",
};

function parseRegionCode(
  regionCode: string,
  policy: AccountPolicy | undefined,
  violations: FieldViolation[],
): void {
  if (regionCode === "") return;
  const refuse = (description: string) =>
    violations.push({ field: "region_code", reason: "INVALID_PARAMETER", description });
  if (!isCountry(regionCode))
    refuse("must be the code of a country in two capital letters such as SE (ISO 3166-1)");
  else if (policy?.numberForms === "ANY" && policy.assumeNational !== true && !isToldByZero(regionCode))
    refuse(
      "wants assume_national in the account's policy: national numbers there do not begin with a 0, and would be read as international ones",
    );
}

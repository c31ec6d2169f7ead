/** Checks the form of a message that is only to be planned or routed, by the same rules as if it were sent. */
import type { FieldViolation } from "../../../domain/errors.ts";
import { type ParseResult, type ParseRules, parseSendRequest } from "./parse-send-request.ts";
import type { SendSmsInput } from "./send-request.ts";

/** Faults are told by where they are in `message`, the field of such requests that it stands in. */
export function parseLookedAt(input: SendSmsInput | undefined, rules: ParseRules): ParseResult {
  if (input === undefined) return { kind: "refused", violations: [noMessage] };
  const result = parseSendRequest(input, rules);
  if (result.kind === "parsed") return result;
  return { kind: "refused", violations: result.violations.map(inMessage) };
}

/** The field of a request that holds a message to be looked at. */
export const messagePrefix = "message.";

export function inMessage(violation: FieldViolation): FieldViolation {
  return { ...violation, field: messagePrefix + violation.field };
}

const noMessage: FieldViolation = {
  field: "message",
  reason: "PARAMETER_MISSING",
  description: "is required",
};

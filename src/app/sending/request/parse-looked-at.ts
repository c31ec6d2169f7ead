/** Checks the form of a message that is planned or routed in thought: as if it were sent, by the same rules. */
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

/** Where a message that is looked at stands in its request. */
export const messagePrefix = "message.";

export function inMessage(violation: FieldViolation): FieldViolation {
  return { ...violation, field: messagePrefix + violation.field };
}

const noMessage: FieldViolation = {
  field: "message",
  reason: "PARAMETER_MISSING",
  description: "is required",
};

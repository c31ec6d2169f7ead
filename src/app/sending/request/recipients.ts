/** The recipients of a request, checked by a plain loop: each one alone, and how many there are. */
import type { FieldViolation } from "../../../domain/errors.ts";
import { parseE164 } from "../../../domain/phone-number.ts";
import type { ParsedRecipient } from "./send-request.ts";
import { hasTrunkZero } from "./trunk-zero.ts";

/** Recipients that one turn of the event loop may handle. */
export const recipientsPerTurn = 100;

/** Lets other calls have their turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * The recipients in order, malformed ones as undefined. Adds a violation for each malformed one, unless `allowPartial` leaves them
 * out and a good one remains.
 */
export function parseRecipients(
  recipients: readonly string[],
  limits: { readonly maxRecipients: number; readonly allowPartial: boolean },
  violations: FieldViolation[],
): readonly ParsedRecipient[] {
  if (recipients.length === 0) {
    violations.push({
      field: "recipients",
      reason: "PARAMETER_MISSING",
      description: "at least one recipient is required",
    });
    return [];
  }
  if (recipients.length > limits.maxRecipients) {
    violations.push({
      field: "recipients",
      reason: "THROTTLING_TOO_MANY_RECIPIENTS",
      description: `at most ${limits.maxRecipients} recipients are allowed`,
    });
    return [];
  }
  const parsed = recipients.map(parseRecipient);
  const mayLeaveOut = limits.allowPartial && parsed.some((recipient) => recipient !== undefined);
  if (!mayLeaveOut) {
    for (let index = 0; index < parsed.length; index++)
      if (parsed[index] === undefined) violations.push(malformed(index, recipients[index] ?? ""));
  }
  return parsed;
}

function parseRecipient(value: string): ParsedRecipient {
  const number = parseE164(value);
  return number === undefined || hasTrunkZero(number) ? undefined : number;
}

function malformed(index: number, value: string): FieldViolation {
  return {
    field: `recipients[${index}]`,
    reason: "INVALID_RECIPIENT",
    description:
      parseE164(value) === undefined
        ? "must be + and 7 to 15 digits (E.164)"
        : "must not have the zero behind its calling code, which is dialled within its country only",
  };
}

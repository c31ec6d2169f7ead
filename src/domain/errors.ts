/** The one error class that crosses module borders on purpose; each API turns it into its own form. */
import { type StatusCodeName, statusCode } from "./status-code.ts";

/** One fault in one field of a request. `description` names the rule and never repeats the value. */
export interface FieldViolation {
  /** Path of the field as in the contract, for instance `recipients[3]`. */
  readonly field: string;
  readonly reason: StatusCodeName;
  readonly description: string;
}

export interface SmsErrorDetails {
  readonly violations?: readonly FieldViolation[];
  /** Set where waiting helps; milliseconds. */
  readonly retryAfterMs?: number;
  /** What limit was hit, for RESOURCE_EXHAUSTED. */
  readonly quota?: { readonly subject: string; readonly description: string };
  /** Extra facts for machines, for instance `message_id` or `oldest_cursor`. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** A refusal or failure with a status code of the product. */
export class SmsError extends Error {
  readonly code: StatusCodeName;
  readonly details: SmsErrorDetails;

  constructor(code: StatusCodeName, message: string = statusCode(code).text, details: SmsErrorDetails = {}) {
    // A refusal is told to its caller, not traced: its stack, which nobody reads, would be a sixth of its cost.
    const { stackTraceLimit } = Error;
    if (code !== "INTERNAL_ERROR") Error.stackTraceLimit = 0;
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    Error.stackTraceLimit = stackTraceLimit;
    this.name = "SmsError";
    this.code = code;
    this.details = details;
  }
}

/** A refusal for faults in fields: its code is that of the first violation in field order. */
export function refuseFields(violations: readonly FieldViolation[]): SmsError {
  const first = violations[0];
  if (first === undefined) throw new RangeError("a refusal needs a violation");
  return new SmsError(first.reason, statusCode(first.reason).text, { violations });
}

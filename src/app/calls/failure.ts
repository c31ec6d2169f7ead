/** One refusal or failure in the form in which callers see it: bounded, and free of numbers, texts and inner causes. */
import type { FieldViolation, SmsErrorDetails } from "../../domain/errors.ts";
import { SmsError } from "../../domain/errors.ts";
import { type StatusCodeEntry, type StatusCodeName, statusCode } from "../../domain/status-code.ts";
import type { Logger } from "../../observability/logger.ts";
import type { Tally } from "../../observability/tally.ts";

/** Most violations that are listed, and octets of all of them with their fields and reasons; each has its share, and one alone is told whole. */
const maxViolations = 25;
const maxViolationsOctets = 3_000;

export interface Failure {
  readonly name: StatusCodeName;
  readonly code: StatusCodeEntry;
  /** One sentence. */
  readonly text: string;
  /** In field order, at most 25. */
  readonly violations: readonly FieldViolation[];
  /** All that were found. */
  readonly violationCount: number;
  readonly retryAfterMs: number | undefined;
  readonly quota: SmsErrorDetails["quota"];
  /** As in ErrorInfo: with the code's number, and with the count of violations where there are any. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface FailureDeps {
  readonly log: Logger;
  /** Labels: status code name. */
  readonly refusals: Tally;
}

/** Describes whatever was thrown. What is not an SmsError becomes INTERNAL_ERROR and is logged with its cause. */
export function describeFailure(thrown: unknown, deps: FailureDeps): Failure {
  const error = thrown instanceof SmsError ? thrown : undefined;
  const name: StatusCodeName = error?.code ?? "INTERNAL_ERROR";
  deps.refusals.add(1, name);
  const code = statusCode(name);
  if (error === undefined || name === "INTERNAL_ERROR") {
    deps.log.often.error({ err: thrown }, "A call failed for a reason of our own.");
    return { ...nothingTold, name, code, text: code.text, metadata: metadataOf(code, 0) };
  }
  if (name === "SERVICE_UNAVAILABLE" && error.cause !== undefined)
    deps.log.often.warn({ err: error.cause }, "A call was refused because the store is away.");
  const { violations = [], retryAfterMs, quota, metadata = {} } = error.details;
  return {
    name,
    code,
    text: error.message,
    violations: shortened(violations.slice(0, maxViolations)),
    violationCount: violations.length,
    retryAfterMs,
    quota,
    metadata: { ...metadata, ...metadataOf(code, violations.length) },
  };
}

function metadataOf({ number }: StatusCodeEntry, violationCount: number): Record<string, string> {
  const status = { status_code: String(number) };
  return violationCount === 0 ? status : { ...status, violation_count: String(violationCount) };
}

const nothingTold = {
  violations: [],
  violationCount: 0,
  retryAfterMs: undefined,
  quota: undefined,
} as const;

/** Cuts descriptions so that all violations stay within their octets; descriptions are our own ASCII. */
function shortened(violations: readonly FieldViolation[]): readonly FieldViolation[] {
  const share = maxViolationsOctets / Math.max(1, violations.length);
  return violations.map((violation) => {
    const room = Math.max(0, Math.floor(share) - violation.field.length - violation.reason.length);
    return violation.description.length <= room
      ? violation
      : { ...violation, description: violation.description.slice(0, room) };
  });
}

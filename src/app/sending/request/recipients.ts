/** The recipients of a request, checked by a plain loop: each one alone, and how many there are. */
import type { FieldViolation } from "../../../domain/errors.ts";
import { parseE164 } from "../../../domain/phone-number.ts";
import { isCountry } from "../../../policy/number-plan.ts";
import type { AccountPolicy } from "../../../policy/policy.ts";
import { readNumber } from "../../../policy/read-number.ts";
import type { ParsedRecipient } from "./send-request.ts";
import { hasTrunkZero } from "./trunk-zero.ts";

/** Recipients that one turn of the event loop may handle. */
export const recipientsPerTurn = 100;

/** Lets other calls have their turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export interface RecipientLimits {
  readonly maxRecipients: number;
  readonly allowPartial: boolean;
  readonly policy: AccountPolicy | undefined;
  /** Of the request; empty for the policy's. */
  readonly regionCode: string;
}

/**
 * The recipients in order, malformed ones as undefined. Adds a violation for each malformed one, unless `allowPartial` leaves them
 * out and a good one remains.
 */
export function parseRecipients(
  recipients: readonly string[],
  limits: RecipientLimits,
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
  const { policy, regionCode } = limits;
  const maxRecipients = Math.min(limits.maxRecipients, policy?.maxRecipients ?? limits.maxRecipients);
  if (recipients.length > maxRecipients) {
    violations.push({
      field: "recipients",
      reason: "THROTTLING_TOO_MANY_RECIPIENTS",
      description: `at most ${maxRecipients} recipients are allowed`,
    });
    return [];
  }
  const parse = policy?.numberForms === "ANY" ? readerOf(policy, regionCode) : parseE164;
  const parsed = recipients.map((value) => withoutTrunkZero(parse(value)));
  const mayLeaveOut = limits.allowPartial && parsed.some((recipient) => recipient !== undefined);
  if (!mayLeaveOut) {
    for (let index = 0; index < parsed.length; index++)
      if (parsed[index] === undefined)
        violations.push({
          field: `recipients[${index}]`,
          reason: "INVALID_RECIPIENT",
          description:
            parse(recipients[index] ?? "") === undefined ? wrongFormOf(policy, regionCode) : trunkZero,
        });
  }
  return parsed;
}

type Parse = (value: string) => ParsedRecipient;

function readerOf({ defaultRegionCode, assumeNational = false }: AccountPolicy, regionCode: string): Parse {
  const country = regionCode || defaultRegionCode;
  // No country is one that a violation tells.
  const defaultCountry = country && isCountry(country) ? country : undefined;
  const reading = { defaultCountry, assumeNational };
  return (value) => readNumber(value, reading);
}

function withoutTrunkZero(number: ParsedRecipient): ParsedRecipient {
  return number === undefined || hasTrunkZero(number) ? undefined : number;
}

const trunkZero = "must not have the zero behind its calling code, which is dialled within its country only";

function wrongFormOf(policy: AccountPolicy | undefined, regionCode: string): string {
  if (policy?.numberForms !== "ANY")
    return regionCode === ""
      ? "must be + and 7 to 15 digits (E.164)"
      : "must be + and 7 to 15 digits (E.164): the account's policy takes no other forms";
  return !regionCode && !policy.defaultRegionCode
    ? "must be an international number of a length that its country has"
    : "must be a number, international or national, of a length that its country has";
}

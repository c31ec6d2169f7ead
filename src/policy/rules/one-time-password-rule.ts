/** An account that sends one-time passwords alone: to one recipient, as a text of one segment, in the lane OTP. */
import type { FieldViolation } from "../../domain/errors.ts";
import type { StatusCodeName } from "../../domain/status-code.ts";
import type { CallRuleMaker } from "./rule.ts";

export const oneTimePasswordRule: CallRuleMaker = ({ oneTimePasswordsOnly }) => {
  if (oneTimePasswordsOnly !== true) return undefined;
  return ({ recipientCount, isText, lane, needsSegments }) => {
    const violations: FieldViolation[] = [];
    const refuse = (field: string, reason: StatusCodeName, description: string) => {
      violations.push({
        field,
        reason,
        description: `${description}, since the account sends one-time passwords only`,
      });
    };
    if (recipientCount > 1) refuse("recipients", "THROTTLING_TOO_MANY_RECIPIENTS", "must be one");
    if (!isText) refuse("binary", "INVALID_MESSAGE_TYPE", "must be a text");
    else if (needsSegments()) refuse("text", "MAX_SMS_PER_MESSAGE_EXCEEDED", "must fit one segment");
    if (lane !== undefined && lane !== "OTP")
      refuse("lane", "INVALID_MESSAGE_PRIORITY", "must be unset or OTP");
    return violations.length === 0 ? undefined : { rule: "ONE_TIME_PASSWORD", violations };
  };
};

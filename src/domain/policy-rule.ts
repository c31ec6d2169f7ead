/** The rules of an account that may refuse a message, and the reason under which a delivery that one refused is kept. */

/** Those that refuse single recipients; the order in which they are judged stands in the policy's list. */
export type RecipientRuleName =
  | "COUNTRY"
  | "NUMBER_TYPE"
  | "SUPPRESSION"
  | "SENDER_COUNTRY"
  | "QUIET_HOURS"
  | "PUMPING_GUARD";

/** Those that refuse a whole call. */
export type CallRuleName = "PREMIUM" | "ONE_TIME_PASSWORD" | "CONTENT_CATEGORY" | "REGISTERED_SENDER";

export type PolicyRuleName = RecipientRuleName | CallRuleName;

/** Names the rule, so that status and repeats can tell it; callers see POLICY, and the rule beside it. */
export type PolicyReason = `POLICY_${RecipientRuleName}`;

const prefix = "POLICY_";

export function policyReason(rule: RecipientRuleName): PolicyReason {
  return `${prefix}${rule}`;
}

/** The rule behind the reason of a delivery, which a newer program may have written; undefined where no rule of the account refused it. */
export function ruleOfReason(reason: string | undefined): string | undefined {
  return reason?.startsWith(prefix) === true ? reason.slice(prefix.length) : undefined;
}

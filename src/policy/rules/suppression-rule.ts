/**
 * Numbers that nothing is sent to, or nothing of some categories. One-time passwords go to handsets that said STOP all the same: their
 * owners ask for them.
 */
import type { RecipientFault, RecipientRuleMaker } from "./rule.ts";

const fault: RecipientFault = {
  rule: "SUPPRESSION",
  code: "RECIPIENTS_BLACKLISTED",
  description: "is suppressed",
};

/** No policy sets it: it goes by what is known of the number. */
export const suppressionRule: RecipientRuleMaker = () => {
  return ({ suppressions, contentCategory, lane }) => {
    const holds = suppressions.some(
      ({ contentCategories, source }) =>
        (contentCategories.length === 0 || contentCategories.includes(contentCategory)) &&
        !(source === "HANDSET" && lane === "OTP"),
    );
    return holds ? fault : undefined;
  };
};

/** Whether an account may ask for premium gateways. */
import type { CallFault, CallRuleMaker } from "./rule.ts";

const fault: CallFault = {
  rule: "PREMIUM",
  violations: [
    {
      field: "premium",
      reason: "ACCESS_DENIED",
      description: "must be false: the account may not ask for it",
    },
  ],
};

export const premiumRule: CallRuleMaker = ({ premiumAllowed }) =>
  premiumAllowed === false ? ({ premium }) => (premium ? fault : undefined) : undefined;

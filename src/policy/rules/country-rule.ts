/** Countries that an account may send to. A number without a known country is in none of those allowed. */
import { compileValueRule } from "../value-rule.ts";
import type { RecipientFault, RecipientRuleMaker } from "./rule.ts";

const fault: RecipientFault = {
  rule: "COUNTRY",
  code: "RECIPIENTS_NOT_ALLOWED",
  description: "is in a country that the account may not send to",
};

export const countryRule: RecipientRuleMaker = ({ regions }) => {
  if (regions === undefined) return undefined;
  const isAllowed = compileValueRule(regions);
  return ({ country }) => (isAllowed(country) ? undefined : fault);
};

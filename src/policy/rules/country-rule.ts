/**
 * Countries that an account may send to. A number whose own country is not known is in none of those allowed; it is in the main one of
 * its calling code where that is denied.
 */
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
  if ("denied" in regions) return ({ country }) => (isAllowed(country) ? undefined : fault);
  return ({ knownCountry }) => (isAllowed(knownCountry) ? undefined : fault);
};

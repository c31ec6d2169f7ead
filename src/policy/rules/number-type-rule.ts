/** Kinds of numbers that an account may send to. */
import { numberTypeOf } from "../number-type.ts";
import { compileValueRule } from "../value-rule.ts";
import type { RecipientFault, RecipientRuleMaker } from "./rule.ts";

const fault: RecipientFault = {
  rule: "NUMBER_TYPE",
  code: "RECIPIENTS_NOT_ALLOWED",
  description: "is of a kind of numbers that the account may not send to",
};

export const numberTypeRule: RecipientRuleMaker = ({ numberTypes }) => {
  if (numberTypes === undefined) return undefined;
  const isAllowed = compileValueRule(numberTypes);
  return ({ number, country }) => (isAllowed(numberTypeOf(number, country)) ? undefined : fault);
};

/** What an account may send about. */
import { compileValueRule } from "../value-rule.ts";
import type { CallFault, CallRuleMaker } from "./rule.ts";

const fault: CallFault = {
  rule: "CONTENT_CATEGORY",
  violations: [
    {
      field: "content_category",
      reason: "INVALID_CONTENT_CATEGORY",
      description: "is none that the account may send",
    },
  ],
};

export const contentCategoryRule: CallRuleMaker = ({ contentCategories }) => {
  if (contentCategories === undefined) return undefined;
  const isAllowed = compileValueRule(contentCategories);
  return ({ contentCategory }) => (isAllowed(contentCategory) ? undefined : fault);
};

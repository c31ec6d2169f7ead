/**
 * The one list of an account's rules, in the order in which a message is judged: first those of the whole call, then for each recipient its
 * own, of which the first that refuses counts. A policy is compiled once, into the rules that it has.
 */
import type { AccountPolicy } from "./policy.ts";
import { contentCategoryRule } from "./rules/content-category-rule.ts";
import { countryRule } from "./rules/country-rule.ts";
import { numberTypeRule } from "./rules/number-type-rule.ts";
import { oneTimePasswordRule } from "./rules/one-time-password-rule.ts";
import { premiumRule } from "./rules/premium-rule.ts";
import { pumpingGuardRule } from "./rules/pumping-guard-rule.ts";
import { quietHoursRule } from "./rules/quiet-hours-rule.ts";
import { registeredSenderRule } from "./rules/registered-sender-rule.ts";
import type {
  CallFacts,
  CallFault,
  CallRule,
  CallRuleMaker,
  RecipientFacts,
  RecipientFault,
  RecipientRule,
  RecipientRuleMaker,
  RuleSources,
} from "./rules/rule.ts";
import { senderCountryRule } from "./rules/sender-country-rule.ts";
import { suppressionRule } from "./rules/suppression-rule.ts";
import { noSenderTable } from "./sender-table.ts";

const callRules: readonly CallRuleMaker[] = [
  premiumRule,
  oneTimePasswordRule,
  contentCategoryRule,
  registeredSenderRule,
];

/** Between PUMPING_GUARD and those of routes come none of ours. */
const recipientRules: readonly RecipientRuleMaker[] = [
  countryRule,
  numberTypeRule,
  suppressionRule,
  senderCountryRule,
  quietHoursRule,
  pumpingGuardRule,
];

const noSources: RuleSources = { approved: new Map(), table: noSenderTable };

/** A policy as it is judged by. */
export interface Rules {
  readonly policy: AccountPolicy;
  readonly callRules: readonly CallRule[];
  readonly recipientRules: readonly RecipientRule[];
  /** Whether one of them may refuse a recipient of whom nothing is known. */
  readonly judgesAll: boolean;
}

export function compileRules(policy: AccountPolicy, sources = noSources): Rules {
  const made = recipientRules.flatMap((make) => make(policy, sources) ?? []);
  return {
    policy,
    callRules: callRules.flatMap((make) => make(policy, sources) ?? []),
    recipientRules: made,
    judgesAll: made.length > 1,
  };
}

/** Of an account that has none of its own: what holds for every number on a list. */
export const rulesOfAll: Rules = compileRules({});

/** The first rule that refuses the call. */
export function judgeCall({ callRules }: Rules, facts: CallFacts): CallFault | undefined {
  for (const rule of callRules) {
    const fault = rule(facts);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** The first rule that refuses the recipient. */
export function judgeRecipient({ recipientRules }: Rules, facts: RecipientFacts): RecipientFault | undefined {
  for (const rule of recipientRules) {
    const fault = rule(facts);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

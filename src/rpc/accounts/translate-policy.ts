/** An account's policy as the contract has it. */
import type {
  AccountPolicy as PbAccountPolicy,
  ValueRule as PbValueRule,
} from "../../gen/smsrelay/v1/account.ts";
import type { PolicyInput } from "../../policy/parse-policy.ts";
import type { AccountPolicy } from "../../policy/policy.ts";
import type { ValueRule } from "../../policy/value-rule.ts";
import { fromNumberForms, toNumberForms } from "../translate/enums.ts";
import { fromRateLimit, toRateLimit } from "../translate/rate-limit.ts";
import { fromDuration, toDuration } from "../translate/time.ts";

/** The settings of a request, which nobody has checked yet. */
export function fromPolicy(policy: PbAccountPolicy | undefined): PolicyInput {
  if (policy === undefined) return {};
  const { numberForms, defaultValidity, rateLimits, ...settings } = policy;
  return {
    ...settings,
    numberForms: fromNumberForms(numberForms),
    defaultValidityMs: fromDuration(defaultValidity),
    rateLimits: rateLimits?.limits.map(fromRateLimit),
  };
}

export function toPolicy(policy: AccountPolicy): PbAccountPolicy {
  return {
    oneTimePasswordsOnly: policy.oneTimePasswordsOnly,
    regions: toValueRule(policy.regions),
    defaultRegionCode: policy.defaultRegionCode,
    numberForms: toNumberForms(policy.numberForms),
    assumeNational: policy.assumeNational,
    numberTypes: toValueRule(policy.numberTypes),
    contentCategories: toValueRule(policy.contentCategories),
    registeredSendersOnly: policy.registeredSendersOnly,
    defaultSender: policy.defaultSender,
    maxRecipients: policy.maxRecipients,
    maxSegments: policy.maxSegments,
    maxTextLength: policy.maxTextLength,
    ipRanges: toValueRule(policy.ipRanges),
    defaultValidity:
      policy.defaultValidityMs === undefined ? undefined : toDuration(policy.defaultValidityMs),
    premiumAllowed: policy.premiumAllowed,
    rateLimits: policy.rateLimits && {
      limits: policy.rateLimits.map(toRateLimit),
    },
    quietHours: policy.quietHours && { ...policy.quietHours },
    optOutWords: toValueRule(policy.optOutWords),
    pumpingGuard: policy.pumpingGuard && {
      blocks: policy.pumpingGuard.blocks,
      recipientCap: policy.pumpingGuard.recipientCap,
      prefixCap: policy.pumpingGuard.prefixCap,
      regionCap: policy.pumpingGuard.regionCap,
    },
  };
}

function toValueRule(rule: ValueRule | undefined): PbValueRule | undefined {
  if (rule === undefined) return undefined;
  return "allowed" in rule
    ? { allowed: [...rule.allowed], denied: [] }
    : { allowed: [], denied: [...rule.denied] };
}

/** The policy of an account as operators set it, and as callers are shown it. */
import type { Account } from "../../domain/account.ts";
import type { FieldViolation } from "../../domain/errors.ts";
import { effectivePolicy, type PolicyDefaults } from "../../policy/effective-policy.ts";
import { formatPolicy, type PolicyInput, parsePolicy, readPolicy } from "../../policy/parse-policy.ts";
import type { AccountPolicy } from "../../policy/policy.ts";
import { unreadableAccount } from "../calls/standing.ts";

/** Fields of a policy by their names in the contract. */
const fieldsByPath: ReadonlyMap<string, keyof PolicyInput> = new Map<string, keyof PolicyInput>([
  ["one_time_passwords_only", "oneTimePasswordsOnly"],
  ["regions", "regions"],
  ["default_region_code", "defaultRegionCode"],
  ["number_forms", "numberForms"],
  ["assume_national", "assumeNational"],
  ["number_types", "numberTypes"],
  ["content_categories", "contentCategories"],
  ["registered_senders_only", "registeredSendersOnly"],
  ["default_sender", "defaultSender"],
  ["max_recipients", "maxRecipients"],
  ["max_segments", "maxSegments"],
  ["max_text_length", "maxTextLength"],
  ["ip_ranges", "ipRanges"],
  ["default_validity", "defaultValidityMs"],
  ["premium_allowed", "premiumAllowed"],
  ["rate_limits", "rateLimits"],
  ["quiet_hours", "quietHours"],
  ["opt_out_words", "optOutWords"],
  ["pumping_guard", "pumpingGuard"],
]);

const whole = "policy";
const prefix = "policy.";

/** Whether a mask's path names the policy or a field of it. */
export function isPolicyPath(path: string): boolean {
  return path === whole || (path.startsWith(prefix) && fieldsByPath.has(path.slice(prefix.length)));
}

/** Whether the paths name fields of a policy and not all of it, so that the rest stays as it is. */
export function isPartial(paths: readonly string[]): boolean {
  return !paths.includes(whole) && paths.some(isPolicyPath);
}

/** The policy after a change of what the paths name: all of it, or some fields. */
export function changedPolicy(
  before: AccountPolicy,
  asked: PolicyInput,
  paths: readonly string[],
): PolicyInput {
  if (paths.includes(whole)) return asked;
  const names = paths.flatMap((path) => fieldsByPath.get(path.slice(prefix.length)) ?? []);
  return { ...before, ...Object.fromEntries(names.map((name) => [name, asked[name]])) };
}

/** The JSON to keep, or a violation for each bad setting. */
export function checkPolicy(
  policy: PolicyInput,
): { readonly json: string } | { readonly violations: readonly FieldViolation[] } {
  const result = parsePolicy(policy);
  if (result.kind === "parsed") return { json: formatPolicy(result.policy) };
  return {
    violations: result.faults.map(({ field, rule }) => ({
      field: `account.policy.${field}`,
      reason: "INVALID_PARAMETER",
      description: rule,
    })),
  };
}

/** The policy that is stored; SERVICE_UNAVAILABLE where another release set what is not known here. */
export function storedPolicy({ id, policy }: Pick<Account, "id" | "policy">): AccountPolicy {
  try {
    return readPolicy(policy);
  } catch (cause) {
    throw unreadableAccount(id, cause);
  }
}

/** An account with its policy, as it is shown. */
export interface ShownAccount extends Omit<Account, "policy"> {
  /** Undefined where another release set what is not known here. */
  readonly policy: AccountPolicy | undefined;
  readonly effectivePolicy: AccountPolicy | undefined;
}

/** What cannot be read is left out, so that one such account is in nobody's way who lists, suspends or corrects it. */
export function shownAccount(account: Account, defaults: PolicyDefaults): ShownAccount {
  let policy: AccountPolicy;
  try {
    policy = readPolicy(account.policy);
  } catch {
    return { ...account, policy: undefined, effectivePolicy: undefined };
  }
  return { ...account, policy, effectivePolicy: effectivePolicy(policy, defaults) };
}

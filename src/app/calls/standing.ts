/** What of an account is asked at every call: whether it may call, and what it may do. */

import { type Account, accountStates } from "../../domain/account.ts";
import { SmsError } from "../../domain/errors.ts";
import type { AccountId } from "../../domain/ids.ts";
import { compileIpRanges } from "../../domain/ip-ranges.ts";
import { memoized } from "../../memory/memoized.ts";
import { compileRules, type Rules } from "../../policy/order.ts";
import { readPolicy } from "../../policy/parse-policy.ts";
import type { RuleSources } from "../../policy/rules/rule.ts";
import type { ValueRule } from "../../policy/value-rule.ts";

export interface Standing extends Pick<Account, "id" | "state"> {
  /** Undefined where nothing differs from the defaults. */
  readonly rules: Rules | undefined;
  /** Whether calls may come from an address, which is undefined where it is not known; undefined for any. */
  readonly admits?: ((address: string | undefined) => boolean) | undefined;
  /** Why its state or policy cannot be obeyed here, where that is so. */
  readonly fault?: unknown;
}

/** How an account stands by what is stored of it. */
export function standingOf(
  { id, state, policy }: Pick<Account, "id" | "state" | "policy">,
  sources?: RuleSources,
): Standing {
  if (!accountStates.includes(state))
    return { id, state, rules: undefined, fault: new RangeError(`the state ${state} is not known here`) };
  if (policy === "{}" && (sources === undefined || sources.table.size === 0))
    return { id, state, rules: undefined };
  try {
    const rules = compileRules(readPolicy(policy), sources);
    return { id, state, rules, admits: compileAddresses(rules.policy.ipRanges) };
  } catch (fault) {
    return { id, state, rules: undefined, fault };
  }
}

/** Addresses that were judged last; a judgement costs as much as a rule. */
const maxJudged = 256;

function compileAddresses(rule: ValueRule | undefined): Standing["admits"] {
  if (rule === undefined) return undefined;
  if ("denied" in rule) {
    const isDenied = memoized(maxJudged, compileIpRanges(rule.denied));
    return (address) => address === undefined || !isDenied(address);
  }
  const isAllowed = memoized(maxJudged, compileIpRanges(rule.allowed));
  return (address) => address !== undefined && isAllowed(address);
}

/** The refusal of a call from where the account's calls may not come from; `address` is the caller's own. */
export function wrongAddress(address: string | undefined): SmsError {
  const text = address === undefined ? undefined : `The caller's address ${address} is not allowed.`;
  return new SmsError("UNAUTHORIZED_IP", text, {
    metadata: { rule: "IP_RANGES", address: address ?? "" },
  });
}

/** The rules of an account; SERVICE_UNAVAILABLE where another release set some that are not known here. */
export function rulesOf({ id, rules, fault }: Standing): Rules | undefined {
  if (fault === undefined) return rules;
  throw unreadableAccount(id, fault);
}

/** Nothing is sent by rules that cannot be read. */
export function unreadableAccount(id: AccountId, cause: unknown): SmsError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const text = `What is set for the account ${id} cannot be read by this release: ${why}.`;
  return new SmsError("SERVICE_UNAVAILABLE", text, { cause });
}

/** Accounts as they stood at the last look, half a second ago at most. */
export interface Standings {
  /** At once where the account was asked for before; an account that nothing was set of has the defaults. */
  of(accountId: AccountId): Standing | Promise<Standing>;
}

/** The refusal of every call of a suspended account. */
export function suspended(): SmsError {
  return new SmsError("INVALID_ACCOUNT", "The account is suspended.", { metadata: { rule: "SUSPENDED" } });
}

/** Refuses to send for an account that may only read, or not even that. */
export function refuseSending({ state }: Standing): void {
  // Of a stream that is open: it ends a moment later.
  if (state === "SUSPENDED") throw suspended();
  if (state === "SENDING_DISABLED") throw new SmsError("SMS_DISABLED");
}

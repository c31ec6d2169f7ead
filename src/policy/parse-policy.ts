/** Checks the settings of a policy as a whole, and reads and writes the JSON under which a store keeps them. */
import { isDeepStrictEqual } from "node:util";
import { isIpRange } from "../domain/ip-ranges.ts";
import { isOptOutWord } from "../domain/opt-out.ts";
import type { RateLimit } from "../domain/rate-limit.ts";
import { parseSender } from "../domain/sender.ts";
import { parseRateLimits } from "./limits/rate-limits.ts";
import { isCountry, planOfCountry } from "./number-plan.ts";
import { type AccountPolicy, contentCategories, numberTypes, type QuietHours } from "./policy.ts";
import { type PumpingGuardInput, parsePumpingGuard } from "./pumping-guard.ts";
import { parseValueRule, type Refuse, type ValueRule, type ValueRuleInput } from "./value-rule.ts";

/** Settings that nobody has checked yet; undefined and empty lists stand for «not set», an empty text for «none». */
export interface PolicyInput {
  readonly oneTimePasswordsOnly?: boolean | undefined;
  readonly regions?: ValueRuleInput | undefined;
  readonly defaultRegionCode?: string | undefined;
  readonly numberForms?: string | undefined;
  readonly assumeNational?: boolean | undefined;
  readonly numberTypes?: ValueRuleInput | undefined;
  readonly contentCategories?: ValueRuleInput | undefined;
  readonly registeredSendersOnly?: boolean | undefined;
  readonly defaultSender?: string | undefined;
  readonly maxRecipients?: number | undefined;
  readonly maxSegments?: number | undefined;
  readonly maxTextLength?: number | undefined;
  readonly ipRanges?: ValueRuleInput | undefined;
  readonly defaultValidityMs?: number | undefined;
  readonly premiumAllowed?: boolean | undefined;
  readonly rateLimits?: readonly RateLimit[] | undefined;
  readonly quietHours?: QuietHours | undefined;
  readonly optOutWords?: ValueRuleInput | undefined;
  readonly pumpingGuard?: PumpingGuardInput | undefined;
}

/** One bad setting: its path within the policy, as the contract names it, and what it must be. */
export interface PolicyFault {
  readonly field: string;
  readonly rule: string;
}

export type PolicyResult =
  | { readonly kind: "parsed"; readonly policy: AccountPolicy }
  | { readonly kind: "refused"; readonly faults: readonly PolicyFault[] };

const mostRecipients = 1_000;
const mostSegments = 255;
const longestText = 2_000;
const lastMinute = 1_439;
/** Of a message, whoever says it. */
export const shortestValidityMs = 60_000;
export const longestValidityMs = 259_200_000;
const sender = "must be 1 to 15 digits, or 1 to 11 of A-Z a-z 0-9 and inner spaces with a letter";
const ipRange = "must be an address or a range such as 192.0.2.0/24 or 2001:db8::/32";
const mostWords = 50;
const optOutWord = "must be a word of 1 to 20 capitals and digits, other than START and UNSTOP";
const country = "must be the code of a country in two capital letters such as SE (ISO 3166-1)";

/** The policy with unset fields left out, or every fault in it, in the order of its fields. */
export function parsePolicy(input: PolicyInput): PolicyResult {
  const faults: PolicyFault[] = [];
  const refuse: Refuse = (field, rule) => {
    faults.push({ field, rule });
  };
  const { oneTimePasswordsOnly, assumeNational, registeredSendersOnly, premiumAllowed } = input;
  const regions = parseList("regions", input.regions, isCountry, country, refuse);
  const { defaultRegionCode, defaultSender } = input;
  const isNational = defaultRegionCode !== undefined && isCountry(defaultRegionCode);
  if (defaultRegionCode && !isNational) refuse("default_region_code", country);
  const numberForms = parseWord("number_forms", input.numberForms, ["E164", "ANY"] as const, refuse);
  if (assumeNational === true && (numberForms !== "ANY" || !defaultRegionCode))
    refuse("assume_national", "wants number_forms ANY and a default_region_code");
  if (assumeNational !== true && numberForms === "ANY" && isNational && !isToldByZero(defaultRegionCode))
    refuse("assume_national", wantsAssumption(defaultRegionCode));
  const types = parseNames("number_types", input.numberTypes, numberTypes, refuse);
  const categories = parseNames("content_categories", input.contentCategories, contentCategories, refuse);
  if (defaultSender && parseSender(defaultSender) === undefined) refuse("default_sender", sender);
  const maxRecipients = parseCount("max_recipients", input.maxRecipients, mostRecipients, refuse);
  const maxSegments = parseCount("max_segments", input.maxSegments, mostSegments, refuse);
  const maxTextLength = parseCount("max_text_length", input.maxTextLength, longestText, refuse);
  const ipRanges = parseList("ip_ranges", input.ipRanges, isIpRange, ipRange, refuse);
  const defaultValidityMs = parseValidity(input.defaultValidityMs, refuse);
  const rateLimits = parseRateLimits("rate_limits.limits", input.rateLimits ?? [], refuse);
  const quietHours = parseQuietHours(input.quietHours, refuse);
  const optOutWords = parseList("opt_out_words", input.optOutWords, isOptOutWord, optOutWord, refuse);
  if (optOutWords !== undefined && Object.values(optOutWords).flat().length > mostWords)
    refuse("opt_out_words", `must be at most ${mostWords}`);
  const pumpingGuard = parsePumpingGuard(input.pumpingGuard, refuse);
  if (faults.length > 0) return { kind: "refused", faults };
  return {
    kind: "parsed",
    policy: {
      ...(oneTimePasswordsOnly === undefined ? {} : { oneTimePasswordsOnly }),
      ...(regions && { regions }),
      ...(defaultRegionCode === undefined ? {} : { defaultRegionCode }),
      ...(numberForms && { numberForms }),
      ...(assumeNational === undefined ? {} : { assumeNational }),
      ...(types && { numberTypes: types }),
      ...(categories && { contentCategories: categories }),
      ...(registeredSendersOnly === undefined ? {} : { registeredSendersOnly }),
      ...(defaultSender === undefined ? {} : { defaultSender }),
      ...(maxRecipients === undefined ? {} : { maxRecipients }),
      ...(maxSegments === undefined ? {} : { maxSegments }),
      ...(maxTextLength === undefined ? {} : { maxTextLength }),
      ...(ipRanges && { ipRanges }),
      ...(defaultValidityMs === undefined ? {} : { defaultValidityMs }),
      ...(premiumAllowed === undefined ? {} : { premiumAllowed }),
      ...(rateLimits.length > 0 && { rateLimits }),
      ...(quietHours && { quietHours }),
      ...(optOutWords && { optOutWords }),
      ...(pumpingGuard && { pumpingGuard }),
    },
  };
}

/** Whether national numbers of the country begin with a 0, by which they are told from international ones. */
export function isToldByZero(countryCode: string): boolean {
  return planOfCountry(countryCode).dialsZero;
}

/** Why a country's national numbers cannot be told from international ones. */
export function wantsAssumption(countryCode: string): string {
  return `must be true: national numbers of ${countryCode} do not begin with a 0, and would be read as international ones`;
}

/** The JSON that a store keeps. */
export function formatPolicy(policy: AccountPolicy): string {
  return JSON.stringify(policy);
}

const fieldNames: ReadonlySet<string> = new Set<keyof AccountPolicy>([
  "oneTimePasswordsOnly",
  "regions",
  "defaultRegionCode",
  "numberForms",
  "assumeNational",
  "numberTypes",
  "contentCategories",
  "registeredSendersOnly",
  "defaultSender",
  "maxRecipients",
  "maxSegments",
  "maxTextLength",
  "ipRanges",
  "defaultValidityMs",
  "premiumAllowed",
  "rateLimits",
  "quietHours",
  "optOutWords",
  "pumpingGuard",
]);

/**
 * The policy in a store's JSON. What this program does not know it cannot obey, so that it throws then: whoever asked refuses to send
 * rather than to send what a newer program would not.
 */
export function readPolicy(json: string): AccountPolicy {
  const stored: unknown = JSON.parse(json);
  if (typeof stored !== "object" || stored === null || Array.isArray(stored))
    throw new RangeError("a stored policy is no object");
  const unknown = Object.keys(stored).find((name) => !fieldNames.has(name));
  if (unknown !== undefined) throw new RangeError(`a stored policy has ${unknown}, which is not known here`);
  const result = parsePolicy(stored);
  if (result.kind === "parsed") {
    // A setting within a setting that this release does not know would be obeyed in part.
    if (isDeepStrictEqual(stored, JSON.parse(formatPolicy(result.policy)))) return result.policy;
    throw new RangeError("a stored policy has what is not known here");
  }
  throw new RangeError(`a stored policy is faulty: ${result.faults.map(({ field }) => field).join(", ")}`);
}

function parseList(
  field: string,
  given: ValueRuleInput | undefined,
  isValue: (value: string) => boolean,
  wanted: string,
  refuse: Refuse,
): ValueRule | undefined {
  return given && parseValueRule(field, given, isValue, wanted, refuse);
}

function parseNames(
  field: string,
  given: ValueRuleInput | undefined,
  names: readonly string[],
  refuse: Refuse,
): ValueRule | undefined {
  return parseList(
    field,
    given,
    (value) => names.includes(value),
    `must be one of ${names.join(", ")}`,
    refuse,
  );
}

function parseWord<Word extends string>(
  field: string,
  given: string | undefined,
  words: readonly Word[],
  refuse: Refuse,
): Word | undefined {
  if (given === undefined) return undefined;
  const word = words.find((one) => one === given);
  if (word === undefined) refuse(field, `must be unset, ${words.join(" or ")}`);
  return word;
}

function parseCount(
  field: string,
  given: number | undefined,
  most: number,
  refuse: Refuse,
): number | undefined {
  if (given === undefined || isCount(given, 1, most)) return given;
  refuse(field, `must be 1 to ${most}`);
  return undefined;
}

function parseValidity(given: number | undefined, refuse: Refuse): number | undefined {
  if (given === undefined || isCount(given, shortestValidityMs, longestValidityMs)) return given;
  refuse("default_validity", "must be 60 seconds to 72 hours, in whole milliseconds");
  return undefined;
}

function parseQuietHours(given: QuietHours | undefined, refuse: Refuse): QuietHours | undefined {
  if (given === undefined) return undefined;
  const { fromMinute, untilMinute } = given;
  if (!isCount(fromMinute, 0, lastMinute)) refuse("quiet_hours.from_minute", `must be 0 to ${lastMinute}`);
  if (!isCount(untilMinute, 0, lastMinute)) refuse("quiet_hours.until_minute", `must be 0 to ${lastMinute}`);
  else if (fromMinute === untilMinute) refuse("quiet_hours", "must end at another minute than it begins");
  return { fromMinute, untilMinute };
}

function isCount(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

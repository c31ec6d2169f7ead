/**
 * What a gateway may be used for: the settings of all rules, what is prepared of them once per configuration, and the check that every
 * delivery goes through. A configuration hands the settings over as one object, so that a rule is added here, in its schema and in the
 * contract. The checks stand in a row and not in a list of functions, which cost a third more where rules are set.
 */
import type { AccountId } from "../domain/ids.ts";
import type { E164, Lane, Sender, SenderKind } from "../domain/message.ts";

/** A rule by list: with `allow` only what it names, and never what `deny` names. Denying wins. */
export interface AllowDeny {
  readonly allow?: readonly string[] | undefined;
  readonly deny?: readonly string[] | undefined;
}

export interface RouteRules {
  /** Where given, the only accounts that may use it. */
  readonly accounts?: readonly string[] | undefined;
  /** Used only where `premium` is asked for, and then first. */
  readonly premium: boolean;
  /** ISO 3166-1 alpha-2 codes. A number of no known country passes only where nothing is listed under `allow`. */
  readonly countries?: AllowDeny | undefined;
  /** Beginnings of E.164 numbers, with or without the plus. */
  readonly prefixes?: AllowDeny | undefined;
  readonly senderKinds: readonly SenderKind[];
  /** Where given, the only sender addresses that the gateway takes. */
  readonly senders?: readonly string[] | undefined;
  /** Where given, the only lanes that it serves. */
  readonly lanes?: readonly Lane[] | undefined;
}

/** Undefined stands for «no such rule». */
export interface PreparedRules {
  readonly accounts: ReadonlySet<string> | undefined;
  readonly premium: boolean;
  readonly allowedCountries: ReadonlySet<string> | undefined;
  readonly deniedCountries: ReadonlySet<string> | undefined;
  readonly allowedPrefixes: readonly string[] | undefined;
  readonly deniedPrefixes: readonly string[] | undefined;
  readonly takesNumericSenders: boolean;
  readonly takesAlphanumericSenders: boolean;
  readonly senders: ReadonlySet<string> | undefined;
  readonly lanes: readonly Lane[] | undefined;
}

export function prepareRules(rules: RouteRules): PreparedRules {
  return {
    accounts: toSet(rules.accounts),
    premium: rules.premium,
    allowedCountries: toSet(rules.countries?.allow),
    deniedCountries: toSet(rules.countries?.deny),
    allowedPrefixes: withPlus(rules.prefixes?.allow),
    deniedPrefixes: withPlus(rules.prefixes?.deny),
    takesNumericSenders: rules.senderKinds.includes("NUMERIC"),
    takesAlphanumericSenders: rules.senderKinds.includes("ALPHANUMERIC"),
    senders: toSet(rules.senders),
    lanes: rules.lanes,
  };
}

/** What rules judge of a delivery. */
export interface RuledDelivery {
  readonly accountId: AccountId;
  readonly sender: Sender;
  readonly recipient: E164;
  /** ISO 3166-1 alpha-2 code; undefined where none is known. */
  readonly country: string | undefined;
  /** Asks for premium gateways first. */
  readonly premium: boolean;
  readonly lane: Lane;
}

/** The word of the first rule that keeps the gateway from carrying the delivery; the contract has each as a RouteReason. */
export function findBrokenRule(rules: PreparedRules, delivery: RuledDelivery) {
  if (rules.accounts !== undefined && !rules.accounts.has(delivery.accountId)) return "ACCOUNT";
  if (rules.premium && !delivery.premium) return "NOT_REQUESTED";
  if (!isCountryAllowed(delivery.country, rules)) return "COUNTRY";
  if (!isPrefixAllowed(delivery.recipient, rules)) return "PREFIX";
  if (!isSenderAllowed(delivery.sender, rules)) return "SENDER";
  if (rules.lanes?.includes(delivery.lane) === false) return "LANE";
  return undefined;
}

export type RuleWord = NonNullable<ReturnType<typeof findBrokenRule>>;

function isCountryAllowed(country: string | undefined, rules: PreparedRules): boolean {
  if (country === undefined) return rules.allowedCountries === undefined;
  if (rules.deniedCountries?.has(country) === true) return false;
  return rules.allowedCountries?.has(country) !== false;
}

function isPrefixAllowed(recipient: E164, { allowedPrefixes, deniedPrefixes }: PreparedRules): boolean {
  if (deniedPrefixes?.some((prefix) => recipient.startsWith(prefix)) === true) return false;
  return allowedPrefixes === undefined || allowedPrefixes.some((prefix) => recipient.startsWith(prefix));
}

function isSenderAllowed(sender: Sender, rules: PreparedRules): boolean {
  const takesKind = sender.kind === "NUMERIC" ? rules.takesNumericSenders : rules.takesAlphanumericSenders;
  return takesKind && rules.senders?.has(sender.address) !== false;
}

function toSet(values: readonly string[] | undefined): ReadonlySet<string> | undefined {
  return values === undefined ? undefined : new Set(values);
}

function withPlus(prefixes: readonly string[] | undefined): readonly string[] | undefined {
  return prefixes?.map((prefix) => (prefix.startsWith("+") ? prefix : `+${prefix}`));
}

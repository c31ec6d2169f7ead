/**
 * What libphonenumber knows of a country's numbers, compiled once at first use: its parser takes 34 µs a number, its patterns less than one.
 */
import { Metadata } from "libphonenumber-js/core";
import metadata from "libphonenumber-js/max/metadata";

export interface NumberPlan {
  /** ISO 3166-1 alpha-2; the calling code where it belongs to no country. */
  readonly name: string;
  /** Digits. */
  readonly callingCode: string;
  /** Beginnings that only numbers of this country have, among those of its calling code. */
  readonly leadingDigits: RegExp | undefined;
  /** Of national numbers. */
  readonly lengths: ReadonlySet<number>;
  /** What every national number looks like. */
  readonly general: RegExp;
  readonly fixed: TypePattern | undefined;
  readonly mobile: TypePattern | undefined;
  /** Premium, shared cost, toll free and the like. */
  readonly special: readonly TypePattern[];
  /** What is dialled in front of a number within the country, by which it may be rewritten. */
  readonly nationalPrefix: RegExp | undefined;
  readonly rewriting: string | undefined;
  /** Whether what is dialled in front begins with a 0. */
  readonly dialsZero: boolean;
}

/** One kind of national numbers. */
export interface TypePattern {
  readonly whole: RegExp;
  /** Undefined where it has those of its country. */
  readonly lengths: ReadonlySet<number> | undefined;
}

const specialTypes = [
  "PREMIUM_RATE",
  "TOLL_FREE",
  "SHARED_COST",
  "VOIP",
  "PERSONAL_NUMBER",
  "PAGER",
  "UAN",
  "VOICEMAIL",
] as const;

/** What the library's own class answers; its declarations leave most of it out. */
interface LibraryPlan {
  callingCode(): string;
  leadingDigits(): string | 0 | undefined;
  possibleLengths(): readonly number[];
  nationalNumberPattern(): string;
  /** 0, the number, where there is none. */
  nationalPrefix(): string | 0 | undefined;
  nationalPrefixForParsing(): string | undefined;
  nationalPrefixTransformRule(): string | undefined;
  type(name: string): { pattern(): string; possibleLengths(): readonly number[] | undefined } | undefined;
}

const plans = new Map<string, NumberPlan>();
const callingCodes: Readonly<Record<string, readonly string[]>> = metadata.country_calling_codes;

/** Whether numbers are found to belong to a country of this ISO 3166-1 alpha-2 code. */
export function isCountry(code: string): boolean {
  return Object.hasOwn(metadata.countries, code);
}

/** The plan of a country that `isCountry` knows. */
export function planOfCountry(code: string): NumberPlan {
  return planOf(code);
}

/** The calling code that a number in E.164 form begins with, and its plans, that of the main country first; undefined where there is none. */
export function plansOfNumber(number: string): readonly NumberPlan[] | undefined {
  // Calling codes are prefix-free (ITU-T E.164): at most one length matches.
  for (let end = 2; end <= 4; end++) {
    const code = number.slice(1, end);
    const countries = callingCodes[code];
    if (countries !== undefined) return countries.map(planOf);
    if (Object.hasOwn(metadata.nonGeographic, code)) return [planOf(code)];
  }
  return undefined;
}

/** By a country's code or a calling code that belongs to none. */
function planOf(name: string): NumberPlan {
  let plan = plans.get(name);
  if (plan === undefined) {
    plan = compile(name);
    plans.set(name, plan);
  }
  return plan;
}

function compile(name: string): NumberPlan {
  const library = new Metadata(metadata);
  library.selectNumberingPlan(name as Parameters<typeof library.selectNumberingPlan>[0]);
  const plan = library.numberingPlan as unknown as LibraryPlan;
  const patternOf = (type: string): TypePattern | undefined => {
    const found = plan.type(type);
    const pattern = found?.pattern();
    if (pattern === undefined || pattern === "") return undefined;
    const lengths = found?.possibleLengths();
    return { whole: whole(pattern), lengths: lengths && new Set(lengths) };
  };
  const fixed = patternOf("FIXED_LINE");
  // The library leaves a pattern of mobile numbers empty where it is that of fixed lines.
  const mobile = plan.type("MOBILE")?.pattern() === "" ? fixed : patternOf("MOBILE");
  const prefix = plan.nationalPrefixForParsing();
  const leadingDigits = plan.leadingDigits();
  return {
    name,
    callingCode: plan.callingCode(),
    leadingDigits: leadingDigits ? new RegExp(`^(?:${leadingDigits})`) : undefined,
    lengths: new Set(plan.possibleLengths()),
    general: whole(plan.nationalNumberPattern()),
    fixed,
    mobile,
    special: specialTypes.flatMap((type) => patternOf(type) ?? []),
    nationalPrefix: prefix ? new RegExp(`^(?:${prefix})`) : undefined,
    rewriting: plan.nationalPrefixTransformRule() || undefined,
    dialsZero: (plan.nationalPrefix() || "").startsWith("0"),
  };
}

function whole(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern})$`);
}

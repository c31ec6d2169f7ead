/** Numbers as people write them, in E.164 form. */
import type { E164 } from "../domain/message.ts";
import { parseE164 } from "../domain/phone-number.ts";
import { type NumberPlan, planOfCountry, plansOfNumber } from "./number-plan.ts";

/** How numbers that do not say their country are meant. */
export interface NumberReading {
  /** Whose national form it is; undefined where national numbers are not taken. */
  readonly defaultCountry: string | undefined;
  /** Whether numbers without `+`, `00` or `0` are national; they are international otherwise. */
  readonly assumeNational: boolean;
}

const longest = 64;
/** Blanks, no-break spaces and brackets may come before the plus, too. */
const separators = /[ \u00a0()[\]-]/g;
const isInternational = /^[ \u00a0()[\]-]*(?:\+|00)/;
const onlyDigits = /^[0-9]+$/;

/** The number that is meant; undefined where it is none, has no length that its country's numbers have, or lacks a country. */
export function readNumber(
  value: string,
  { defaultCountry, assumeNational }: NumberReading,
): E164 | undefined {
  if (value.length > longest) return undefined;
  if (value.includes("(0)") && isInternational.test(value)) return withBracketedZero(value);
  const plain = value.replace(separators, "");
  if (plain.startsWith("+")) return international(plain.slice(1));
  if (plain.startsWith("00")) return international(plain.slice(2));
  if (!plain.startsWith("0") && !assumeNational) return international(plain);
  return defaultCountry === undefined ? undefined : national(plain, planOfCountry(defaultCountry));
}

/**
 * `(0)` behind the calling code stands for the digit that is dialled within the country only. Where numbers keep that digit, as in Italy,
 * leaving it out may make somebody else's number: what could be either is none.
 */
function withBracketedZero(value: string): E164 | undefined {
  const [before = "", after = ""] = value.split("(0)", 2).map((part) => part.replace(separators, ""));
  const callingCode = before.replace(/^(\+|00)/, "");
  const left = international(`${callingCode}${after}`);
  const kept = international(`${callingCode}0${after}`);
  if (kept !== undefined && isWhole(kept, callingCode))
    return left !== undefined && isWhole(left, callingCode) ? undefined : kept;
  return left !== undefined && plansOfNumber(left)?.some((plan) => plan.callingCode === callingCode) === true
    ? left
    : undefined;
}

/** Whether it is a number of a country of this calling code, not only as long as one. */
function isWhole(number: E164, callingCode: string): boolean {
  const national = number.slice(1 + callingCode.length);
  return (
    plansOfNumber(number)?.some((plan) => plan.callingCode === callingCode && plan.general.test(national)) ===
    true
  );
}

function international(digits: string): E164 | undefined {
  const number = parseE164(`+${digits}`);
  if (number === undefined) return undefined;
  const isPossible = plansOfNumber(number)?.some(({ callingCode, lengths }) =>
    lengths.has(digits.length - callingCode.length),
  );
  return isPossible === true ? number : undefined;
}

function national(digits: string, plan: NumberPlan): E164 | undefined {
  if (!onlyDigits.test(digits)) return undefined;
  const significant = withoutPrefix(digits, plan);
  if (!plan.lengths.has(significant.length)) return undefined;
  // A zero stays only where it belongs to the number, as in Italy.
  const keepsPrefix = significant.startsWith("0") && plan.nationalPrefix !== undefined;
  if (keepsPrefix && !plan.general.test(significant)) return undefined;
  return parseE164(`+${plan.callingCode}${significant}`);
}

/**
 * Without what is dialled in front of it within the country, as libphonenumber takes it off: not where only the whole is a number of the
 * country, or what remains has none of its lengths.
 */
function withoutPrefix(digits: string, { nationalPrefix, rewriting, general, lengths }: NumberPlan): string {
  const match = nationalPrefix?.exec(digits);
  if (nationalPrefix === undefined || !match) return digits;
  const [prefix, ...groups] = match;
  const rest =
    rewriting !== undefined && groups.at(-1)
      ? digits.replace(nationalPrefix, rewriting)
      : digits.slice(prefix.length);
  if (general.test(digits) && !general.test(rest)) return digits;
  return lengths.has(rest.length) ? rest : digits;
}

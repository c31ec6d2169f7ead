/**
 * The country of a number. Most calling codes belong to one country and need a look at three digits; numbers of the shared ones (+1, +7,
 * +44 …) are held against the patterns of their countries. A range that none of them knows belongs to the main country of its calling
 * code: routing never refuses a number for being new. What a list allows goes by the country that is known.
 */
import metadata from "libphonenumber-js/max/metadata";
import type { E164 } from "../../domain/message.ts";
import { plansOfNumber } from "../../policy/number-plan.ts";
import { countryAmong } from "../../policy/number-type.ts";

/** ISO 3166-1 alpha-2 code of a number; undefined where none is known. */
export type CountryOf = (number: E164) => string | undefined;

/** By calling code its countries, the main one first. */
const byCallingCode: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(metadata.country_calling_codes),
);

/** The country of its own, else the main one of its calling code; undefined where that belongs to none. */
export const countryOf: CountryOf = (number) => {
  const found = countriesOf(number);
  return found !== undefined && found.length > 1 ? (countryIn(number) ?? found[0]) : found?.[0];
};

/** The country of its own alone. */
export const knownCountryOf: CountryOf = (number) => {
  const found = countriesOf(number);
  return found !== undefined && found.length > 1 ? countryIn(number) : found?.[0];
};

function countriesOf(number: E164): readonly string[] | undefined {
  // Calling codes are prefix-free (ITU-T E.164): at most one length matches.
  for (let end = 2; end <= 4; end++) {
    const found = byCallingCode.get(number.slice(1, end));
    if (found !== undefined) return found;
  }
  return undefined;
}

function countryIn(number: E164): string | undefined {
  const plans = plansOfNumber(number);
  return plans && countryAmong(plans, number);
}

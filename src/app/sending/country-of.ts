/**
 * The country of a number. Most calling codes belong to one country and need a look at three digits; the shared ones (+1, +7, +44 …) ask
 * libphonenumber, which takes 5 to 18 µs a number, and remember the last answers. A range that it does not know belongs to the main country
 * of its calling code: a look-up never refuses a number, and new ranges become known late.
 */
import { parsePhoneNumberFromString } from "libphonenumber-js/max";
import metadata from "libphonenumber-js/max/metadata";
import type { E164 } from "../../domain/message.ts";

const rememberedNumbers = 2_000;

/** ISO 3166-1 alpha-2 code of a number; undefined where none is known. */
export type CountryOf = (number: E164) => string | undefined;

/** Makes the look-up, with its small memory. */
export function createCountryOf(): CountryOf {
  /** By calling code its countries, the main one first. */
  const byCallingCode: ReadonlyMap<string, readonly string[]> = new Map(
    Object.entries(metadata.country_calling_codes),
  );
  const remembered = new Map<E164, string | undefined>();

  function parse(number: E164, main: string | undefined): string | undefined {
    if (remembered.has(number)) return remembered.get(number);
    const country = parsePhoneNumberFromString(number)?.country ?? main;
    if (remembered.size >= rememberedNumbers) {
      const [oldest] = remembered.keys();
      if (oldest !== undefined) remembered.delete(oldest);
    }
    remembered.set(number, country);
    return country;
  }

  return (number) => {
    // Calling codes are prefix-free (ITU-T E.164): at most one length matches.
    for (let end = 2; end <= 4; end++) {
      const found = byCallingCode.get(number.slice(1, end));
      if (found !== undefined) return found.length > 1 ? parse(number, found[0]) : found[0];
    }
    return undefined;
  };
}

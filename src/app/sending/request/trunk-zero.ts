/** Recognises recipients written with the zero that is dialled within their country, such as +49 0171…: nobody has such a number. */
import { parsePhoneNumberFromString } from "libphonenumber-js/max";
import metadata from "libphonenumber-js/max/metadata";
import type { E164 } from "../../../domain/message.ts";

const callingCodes: ReadonlySet<string> = new Set(Object.keys(metadata.country_calling_codes));

/**
 * Whether the national part begins with a zero that its country does not dial from abroad. Italy and others do dial theirs; where nothing is
 * known of a country's zero, it is left alone.
 */
export function hasTrunkZero(number: E164): boolean {
  // Calling codes are prefix-free (ITU-T E.164): at most one length matches.
  for (let end = 2; end <= 4; end++) {
    if (number[end] !== "0" || !callingCodes.has(number.slice(1, end))) continue;
    const national = parsePhoneNumberFromString(number)?.nationalNumber;
    return national !== undefined && national.length < number.length - end;
  }
  return false;
}

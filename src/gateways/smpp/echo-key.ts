/**
 * The key under which a part waits for a receipt that echoes its user_message_reference (TLV 0x0204): SMSCs spell the destination in any
 * way.
 */
import { comparableDigits } from "../../domain/phone-number.ts";

/** The same for all spellings of a number: by its last digits. The whole number is compared where a part is found. */
export function echoKey(reference: number, address: string): string {
  return `${reference}/${comparableDigits(address)?.slice(-7) ?? address}`;
}

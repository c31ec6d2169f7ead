/** Where a part is kept until a receipt echoes its user_message_reference (TLV 0x0204): SMSCs write the destination in any spelling. */
import { comparableDigits } from "../../domain/phone-number.ts";

/** The same for all spellings of a number: by its last digits. Whether the whole is the same is looked at where a part is found. */
export function echoKey(reference: number, address: string): string {
  return `${reference}/${comparableDigits(address)?.slice(-7) ?? address}`;
}

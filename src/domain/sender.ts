/** Senders: numeric ones of 1 to 15 digits, or alphanumeric ones of 1 to 11 characters (3GPP TS 23.040 §9.1.2.5). */
import type { Sender } from "./message.ts";

const numeric = /^\+?[0-9]{1,15}$/;
/** As it is dialled from abroad. Fewer digits may be a short code. */
const dialledFromAbroad = /^00(?=[1-9][0-9]{6})/;
const alphanumeric = /^(?=.*[A-Za-z])[A-Za-z0-9](?:[A-Za-z0-9 ]{0,9}[A-Za-z0-9])?$/;

/** The sender in `value`, international digits without their dialling prefix, or undefined where it has neither of the two forms. */
export function parseSender(value: string): Sender | undefined {
  if (numeric.test(value)) {
    // No calling code begins with 0.
    if (value.startsWith("+0")) return undefined;
    const address = value.startsWith("+") ? value.slice(1) : value.replace(dialledFromAbroad, "");
    return { kind: "NUMERIC", address };
  }
  if (alphanumeric.test(value)) return { kind: "ALPHANUMERIC", address: value };
  return undefined;
}

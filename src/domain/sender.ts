/** Senders: numeric ones of 1 to 15 digits, or alphanumeric ones of 1 to 11 characters (3GPP TS 23.040 §9.1.2.5). */
import type { Sender } from "./message.ts";

const numeric = /^\+?[0-9]{1,15}$/;
const alphanumeric = /^(?=.*[A-Za-z])[A-Za-z0-9](?:[A-Za-z0-9 ]{0,9}[A-Za-z0-9])?$/;

/** The sender in `value`, or undefined where it is neither of the two forms. */
export function parseSender(value: string): Sender | undefined {
  if (numeric.test(value))
    return { kind: "NUMERIC", address: value.startsWith("+") ? value.slice(1) : value };
  if (alphanumeric.test(value)) return { kind: "ALPHANUMERIC", address: value };
  return undefined;
}

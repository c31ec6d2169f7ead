/** Senders: numeric ones of 1 to 15 digits, or alphanumeric ones of 1 to 11 characters (3GPP TS 23.040 §9.1.2.5). */
import type { NumericSenderType, Sender } from "./message.ts";

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

export type SenderType = NumericSenderType | "ALPHANUMERIC";

/** Numeric senders of no more digits are short codes, where nothing else is said. */
export const defaultShortCodeDigits = 6;

const withCallingCode = /^[1-9][0-9]{6,14}$/;
/** An older release stored the prefix, too. */
const storedPrefix = /^00(?=[1-9])/;

/** The sender in `value` as it is meant to be; undefined where that contradicts its form. */
export function parseSenderOfType(value: string, type: SenderType): Sender | undefined {
  const sender = parseSender(value);
  if (sender === undefined) return undefined;
  if (type === "ALPHANUMERIC" || sender.kind === "ALPHANUMERIC")
    return sender.kind === type ? sender : undefined;
  // A plus and 00 say that a calling code follows.
  const fits = type === "INTERNATIONAL" ? withCallingCode.test(sender.address) : sender.address === value;
  return fits ? { ...sender, type } : undefined;
}

/** What a sender is meant as: what the caller said, or else what its form tells. */
export function senderTypeOf({ kind, address, type }: Sender, shortCodeDigits: number): SenderType {
  if (kind === "ALPHANUMERIC") return "ALPHANUMERIC";
  if (type !== undefined) return type;
  if (address.length <= shortCodeDigits) return "SHORT_CODE";
  return withoutStoredPrefix(address).startsWith("0") ? "NATIONAL" : "INTERNATIONAL";
}

export function withoutStoredPrefix(address: string): string {
  return address.replace(storedPrefix, "");
}

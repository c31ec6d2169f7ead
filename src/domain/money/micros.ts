/** Amounts of money: millionths of a unit, never a float. What one delivery costs is a safe integer; sums of many are bigints. */

/** Of one segment: all parts of a delivery, and all deliveries of a message, stay far below 2^53. */
export const mostUnitMicros = 1_000_000_000;

const places = 6;

/** Three to eight capitals: ISO 4217, or a token such as USDT. */
export function isCurrencyCode(text: string): boolean {
  return /^[A-Z]{3,8}$/.test(text);
}

/** `0.0125` → 12500n; undefined for what is no decimal number or has more than six decimals. */
export function parseMicros(text: string): bigint | undefined {
  return parseDecimal(text, places);
}

/** Scaled by the tenth power of `most` decimals. No exponent, no plus, no separator of thousands, no leading zeros. */
export function parseDecimal(text: string, most: number): bigint | undefined {
  const found = /^(-?)(0|[1-9][0-9]{0,15})(?:\.([0-9]+))?$/.exec(text);
  if (found === null) return undefined;
  const [, sign, whole = "", decimals = ""] = found;
  if (decimals.length > most) return undefined;
  const amount = BigInt(whole + decimals.padEnd(most, "0"));
  return sign === "-" ? -amount : amount;
}

/** As people write it, with two decimals at least: 12500n → `0.0125`. */
export function formatMicros(amount: bigint): string {
  const digits = (amount < 0n ? -amount : amount).toString().padStart(places + 1, "0");
  const decimals = digits.slice(-places).replace(/0{1,4}$/, "");
  return `${amount < 0n ? "-" : ""}${digits.slice(0, -places)}.${decimals}`;
}

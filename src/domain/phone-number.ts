/**
 * Recipients: the plain E.164 check that every request passes, and when two spellings mean one number. Country and type are looked up
 * elsewhere, and are no reason to refuse.
 */
import type { E164 } from "./message.ts";

const pattern = /^\+[1-9][0-9]{6,14}$/;

/** The number where it is `+`, a non-zero digit and 6 to 14 more digits (ITU-T E.164); else undefined. */
export function parseE164(value: string): E164 | undefined {
  return pattern.test(value) ? (value as E164) : undefined;
}

/** Fewer digits than this may be the end of many numbers. */
const fewestDigits = 7;
const separators = /[\0\s().-]+/g;
/** What dials a number from abroad or within its country. */
const dialled = /^\+?(?:00)?0?/;

/** The digits by which spellings of a number are compared; undefined where `address` is not a number, or is too short to tell. */
export function comparableDigits(address: string): string | undefined {
  const digits = address.replace(separators, "").replace(dialled, "");
  return digits.length >= fewestDigits && /^[0-9]+$/.test(digits) ? digits : undefined;
}

/** Whether two results of `comparableDigits` mean one number: equal, or one is the other without its country's calling code. */
export function areSameDigits(left: string, right: string): boolean {
  return left.length >= right.length ? left.endsWith(right) : right.endsWith(left);
}

/** Whether two spellings mean one number: `+46700006666`, `0046700006666`, `46700006666` and `0700006666` do. */
export function isSameNumber(left: string, right: string): boolean {
  const [a, b] = [comparableDigits(left), comparableDigits(right)];
  return a !== undefined && b !== undefined && areSameDigits(a, b);
}

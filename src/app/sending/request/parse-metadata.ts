/** Checks the pairs that a caller attaches to a message. */
import type { FieldViolation } from "../../../domain/errors.ts";

const maxPairs = 16;
const maxOctets = 1024;
const keyForm = /^[A-Za-z0-9._-]{1,64}$/;
const none: Readonly<Record<string, string>> = Object.freeze({});

/** The pairs in ascending order of their keys; adds a violation for each fault. Keys are never repeated in a violation. */
export function parseMetadata(
  metadata: Readonly<Record<string, string>>,
  violations: FieldViolation[],
): Readonly<Record<string, string>> {
  const pairs = Object.entries(metadata);
  if (pairs.length === 0) return none;
  const refuse = (description: string) =>
    violations.push({ field: "metadata", reason: "INVALID_PARAMETER", description });
  if (pairs.length > maxPairs) refuse("must have at most 16 pairs");
  if (pairs.some(([key]) => !keyForm.test(key)))
    refuse("keys must be 1 to 64 characters of A-Z a-z 0-9 . _ -");
  if (pairs.some(([, value]) => !isStorable(value)))
    refuse("values must not contain U+0000, U+FFFD or half a surrogate pair");
  const octets = pairs.reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  );
  if (octets > maxOctets) refuse("must have at most 1 KiB in all");
  return Object.fromEntries(pairs.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function isStorable(value: string): boolean {
  return !value.includes("\u0000") && !value.includes("\ufffd") && value.isWellFormed();
}

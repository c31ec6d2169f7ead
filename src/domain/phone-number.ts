/** Recipients: the plain E.164 check that every request passes. Country and type are looked up elsewhere, and refuse nothing. */
import type { E164 } from "./message.ts";

const pattern = /^\+[1-9][0-9]{6,14}$/;

/** The number where it is `+`, a non-zero digit and 6 to 14 more digits (ITU-T E.164); else undefined. */
export function parseE164(value: string): E164 | undefined {
  return pattern.test(value) ? (value as E164) : undefined;
}

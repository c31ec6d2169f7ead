/**
 * How much one segment carries once its headers are taken off the 140 octets of the air interface (3GPP TS 23.040
 * §9.2.3.24). Every published figure (160/153/152, 155/149/148, 152/146/145, 70/67/66, 140/134/133) follows from it.
 */
import type { Concatenation, Encoding } from "./message-plan.ts";

/** Octets of user data in one SMS. */
export const USER_DATA_OCTETS = 140;

/** Most parts that an 8-bit part count can number. */
export const MAX_PARTS = 255;

/** Octets of one shift table element: identifier, length, language. */
export const SHIFT_ELEMENT_OCTETS = 3;

/**
 * Octets that tie the parts together on the air, without the header's length octet. SAR counts as a 16-bit reference;
 * for a message_payload the SMSC chooses, and most use 8 bits.
 */
export function concatenationOctets(concatenation: Concatenation): number {
  switch (concatenation) {
    case "udh8":
    case "payload":
      return 5;
    case "udh16":
    case "sar":
      return 6;
  }
}

/** Septets, UTF-16 code units or octets of one segment whose header has so many octets of elements. */
export function segmentBudget(encoding: Encoding, elementOctets: number): number {
  const octets = USER_DATA_OCTETS - (elementOctets === 0 ? 0 : elementOctets + 1);
  switch (encoding) {
    case "gsm7":
      return Math.floor((octets * 8) / 7);
    case "ucs2":
      return octets >> 1;
    case "binary":
      return octets;
  }
}

/**
 * The user data header, built and read (3GPP TS 23.040 §9.2.3.24). Every information element is kept; those that say how
 * to join and read the text are also interpreted.
 */
import type { NationalLanguage } from "./message-plan.ts";

/** Information element identifiers that change how a part is read. */
export const CONCATENATION_8 = 0x00;
export const CONCATENATION_16 = 0x08;
export const SINGLE_SHIFT = 0x24;
export const LOCKING_SHIFT = 0x25;

export interface InformationElement {
  readonly id: number;
  readonly data: Uint8Array;
}

/** Which part of which long message this is. */
export interface PartNumber {
  readonly reference: number;
  readonly referenceBits: 8 | 16;
  readonly total: number;
  /** 1 to total. */
  readonly sequence: number;
}

export interface UserDataHeader {
  /** All elements in order, also those read below and those not known here, such as ports (0x04, 0x05). */
  readonly elements: readonly InformationElement[];
  /** Length octet included. */
  readonly lengthOctets: number;
  readonly part: PartNumber | undefined;
  readonly singleShift: NationalLanguage | undefined;
  readonly lockingShift: NationalLanguage | undefined;
}

/** The octets of a header with these elements, its length octet first; nothing for none. */
export function buildHeader(elements: readonly InformationElement[]): Uint8Array {
  let length = 0;
  for (const element of elements) length += 2 + element.data.length;
  if (length === 0) return new Uint8Array(0);
  const header = new Uint8Array(1 + length);
  header[0] = length;
  let at = 1;
  for (const { id, data } of elements) {
    header[at] = id;
    header[at + 1] = data.length;
    header.set(data, at + 2);
    at += 2 + data.length;
  }
  return header;
}

/**
 * Reads the header that user data begins with; undefined where its lengths contradict the octets. Of a repeated
 * element the last counts, and one that makes no sense (part 0, part 4 of 3, a wrong length, an unknown language) is
 * kept in `elements` and otherwise ignored, as the standard asks.
 */
export function parseHeader(userData: Uint8Array): UserDataHeader | undefined {
  const lengthOctets = 1 + (userData[0] ?? 255);
  if (lengthOctets > userData.length) return undefined;
  const elements: InformationElement[] = [];
  let at = 1;
  while (at < lengthOctets) {
    const end = at + 2 + (userData[at + 1] ?? 255);
    if (end > lengthOctets) return undefined;
    elements.push({ id: userData[at] ?? 0, data: userData.subarray(at + 2, end) });
    at = end;
  }
  return { elements, lengthOctets, ...interpret(elements) };
}

function interpret(
  elements: readonly InformationElement[],
): Pick<UserDataHeader, "part" | "singleShift" | "lockingShift"> {
  let part: PartNumber | undefined;
  let singleShift: NationalLanguage | undefined;
  let lockingShift: NationalLanguage | undefined;
  for (const { id, data } of elements) {
    const [first = 0, second = 0, third = 0, fourth = 0] = data;
    if (id === CONCATENATION_8 && data.length === 3) {
      part = partNumber(first, 8, second, third) ?? part;
    } else if (id === CONCATENATION_16 && data.length === 4) {
      part = partNumber(first * 256 + second, 16, third, fourth) ?? part;
    } else if (id === SINGLE_SHIFT && data.length === 1 && isLanguage(first)) {
      singleShift = first;
    } else if (id === LOCKING_SHIFT && data.length === 1 && isLanguage(first)) {
      lockingShift = first;
    }
  }
  return { part, singleShift, lockingShift };
}

function partNumber(
  reference: number,
  referenceBits: 8 | 16,
  total: number,
  sequence: number,
): PartNumber | undefined {
  return sequence >= 1 && sequence <= total ? { reference, referenceBits, total, sequence } : undefined;
}

function isLanguage(value: number): value is NationalLanguage {
  return Number.isInteger(value) && value >= 1 && value <= 13;
}

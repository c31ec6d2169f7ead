/**
 * Alphabets made ready for use: a table over UTF-16 code units to encode, and two of 128 characters to decode.
 * Tables are built once for each pair of shift tables and kept; there are at most 13 × 14 pairs.
 */
import { DEFAULT_ALPHABET, DEFAULT_EXTENSION, HOLE } from "./gsm7-alphabet.ts";
import type { EncodingProfile, NationalLanguage } from "./message-plan.ts";
import { LOCKING_SHIFT_TABLES } from "./national/locking-shift-tables.ts";
import { SINGLE_SHIFT_TABLES } from "./national/single-shift-tables.ts";

/** The first code unit above every character of every table; the highest is ∞ (U+221E) of Portuguese. */
export const TABLE_SIZE = 0x2300;

/** Set in a table's entry when the character is reached through the escape and so costs two septets. */
export const ESCAPED = 0x100;

export interface SeptetTable {
  /** By code unit below TABLE_SIZE: −1 for none, else the septet, with ESCAPED added where it needs the escape. */
  readonly entries: Int16Array;
  /** The character of each code, HOLE where there is none. */
  readonly main: string;
  /** The character of each escaped code, HOLE where there is none. */
  readonly extension: string;
}

const tables = new Map<number, SeptetTable>();

/** The alphabet of a pair of shift tables; undefined stands for the default alphabet or its extension table. */
export function septetTable(
  lockingShift: NationalLanguage | undefined,
  singleShift: NationalLanguage | undefined,
): SeptetTable {
  const key = (lockingShift ?? 0) * 16 + (singleShift ?? 0);
  const known = tables.get(key);
  if (known !== undefined) return known;
  const main = lockingShift === undefined ? DEFAULT_ALPHABET : LOCKING_SHIFT_TABLES[lockingShift];
  const extension = singleShift === undefined ? DEFAULT_EXTENSION : SINGLE_SHIFT_TABLES[singleShift];
  const made = buildTable(main ?? DEFAULT_ALPHABET, extension ?? DEFAULT_EXTENSION);
  tables.set(key, made);
  return made;
}

/** The default alphabet with its extension table. */
export const defaultTable = septetTable(undefined, undefined);

const latin1Table = restrictTable(defaultTable, 0x100);
const asciiTable = restrictTable(defaultTable, 0x80);

/**
 * What data_coding 0 can carry at a gateway: where that is Latin-1 or ASCII, what they share with the GSM alphabet,
 * since a character that the handset cannot show must not be sent, and costs stay those of the air (P34).
 */
export function tableOfDataCodingZero(defaultAlphabet: EncodingProfile["defaultAlphabet"]): SeptetTable {
  switch (defaultAlphabet) {
    case "gsm":
      return defaultTable;
    case "latin1":
      return latin1Table;
    case "ascii":
      return asciiTable;
  }
}

function buildTable(main: string, extension: string): SeptetTable {
  const entries = new Int16Array(TABLE_SIZE).fill(-1);
  for (let code = 127; code >= 0; code--) {
    const character = extension[code];
    if (character !== undefined && character !== HOLE) entries[character.charCodeAt(0)] = ESCAPED + code;
  }
  for (let code = 127; code >= 0; code--) {
    const character = main[code];
    if (character !== undefined && character !== HOLE) entries[character.charCodeAt(0)] = code;
  }
  return { entries, main, extension };
}

function restrictTable(table: SeptetTable, end: number): SeptetTable {
  const entries = table.entries.slice().fill(-1, end);
  return { ...table, entries };
}

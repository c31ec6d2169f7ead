/**
 * Random texts and gateway profiles for the properties of encoding.
 */
import fc from "fast-check";
import { DEFAULT_ALPHABET, DEFAULT_EXTENSION, HOLE } from "../../../src/encoding/gsm7-alphabet.ts";
import type { EncodingProfile, NationalLanguage, PlanOptions } from "../../../src/encoding/message-plan.ts";
import { LOCKING_SHIFT_TABLES } from "../../../src/encoding/national/locking-shift-tables.ts";
import { SINGLE_SHIFT_TABLES } from "../../../src/encoding/national/single-shift-tables.ts";

const EMOJI = ["👍🏽", "👨‍👩‍👧‍👦", "🇳🇱", "😀", "❤️", "é", "\r\n", "दे", "각", "🏳️‍🌈"];

export const languages: readonly NationalLanguage[] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13];

/** Characters of a table, without holes. */
export function charactersOf(table: string | undefined): readonly string[] {
  return [...(table ?? "")].filter((character) => character !== HOLE);
}

const gsmCharacter = fc.constantFrom(...charactersOf(DEFAULT_ALPHABET + DEFAULT_EXTENSION));
const latinCharacter = fc.constantFrom(..."abc defGHI€[]{}\\|^~\r\n@éÇ");
const emoji = fc.constantFrom(...EMOJI, "a", "b", " ", "€");
const anyCharacter = fc
  .string({ unit: "binary", minLength: 1, maxLength: 1 })
  .filter((text) => text !== "\u001b");
const nationalCharacter = fc
  .constantFrom(...languages)
  .map((language) => [
    ...charactersOf(LOCKING_SHIFT_TABLES[language]),
    ...charactersOf(SINGLE_SHIFT_TABLES[language]),
  ]);

function text(unit: fc.Arbitrary<string>, maxLength: number): fc.Arbitrary<string> {
  return fc.array(unit, { minLength: 1, maxLength, size: "max" }).map((units) => units.join(""));
}

/** Texts of one national language, up to 500 characters. */
const nationalText = nationalCharacter.chain((characters) => text(fc.constantFrom(...characters), 500));

/** Texts from a few characters to a dozen parts: GSM alphabet, national languages, emoji, anything. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  text(gsmCharacter, 700),
  text(latinCharacter, 700),
  text(emoji, 150),
  text(anyCharacter, 300),
  nationalText,
);

export const gsmText: fc.Arbitrary<string> = text(gsmCharacter, 700);
export const emojiText: fc.Arbitrary<string> = text(emoji, 150);

const someLanguages = fc.oneof(fc.constant(languages), fc.subarray([...languages]));

/** Any gateway that takes UCS-2. */
export const anyProfile: fc.Arbitrary<EncodingProfile> = fc.record({
  defaultAlphabet: fc.constantFrom("gsm", "gsm", "gsm", "latin1", "ascii"),
  packing: fc.constantFrom("unpacked", "packed"),
  dataCoding: fc.constantFrom(
    { gsm7: 0x00, ucs2: 0x08, binary: 0x04 },
    { gsm7: 0xf1, ucs2: 0x18, binary: 0xf5 },
  ),
  supportsUcs2: fc.constant(true),
  supportsBinary: fc.constant(true),
  singleShiftLanguages: someLanguages,
  lockingShiftLanguages: someLanguages,
  concatenation: fc.constantFrom("udh8", "udh8", "udh16", "udh16", "sar", "payload"),
  maxSegments: fc.constant(255),
});

/** All that is possible, as far as 255 parts. */
export const openOptions: PlanOptions = { encoding: "auto", transliterate: false, maxSegments: 255 };

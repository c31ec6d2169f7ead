/**
 * Replacements that neither Unicode's decompositions nor its classes give, as data: punctuation, letters without a decomposition, and
 * letters of other scripts that look the same as one of the GSM alphabet. Greek small letters become the capitals that the alphabet has, as
 * is the custom in Greek messages. What Unicode's classes decide is in `replacementByClass`.
 */

const PAIRS: readonly (readonly [from: string, to: string])[] = [
  // Quotes and apostrophes.
  ["‘’‚‛ʼʹ′`´❛❜ʻʽˈˊˋ︑", "'"],
  ["“”„‟″«»ʺˮ❝❞〝〞〟˝", '"'],
  ["‹", "<"],
  ["›", ">"],
  // The minus sign and strokes, bullets and stars, slashes and bars.
  ["−⁃⎼⎽", "-"],
  ["•·∙⁎∗⊛✢✣✤✥✱✲✳✺✻✼✽❃❉❊❋⧆", "*"],
  ["⁄∕⧸", "/"],
  ["⧵⧹", "\\"],
  ["∣⎸⎹⏐⎜⎟", "|"],
  // Brackets.
  ["❨❪⟮⦅", "("],
  ["❩❫⟯⦆", ")"],
  ["❴", "{"],
  ["❵", "}"],
  // Signs that look like one of the alphabet.
  ["˖", "+"],
  ["꞊", "="],
  ["ǃ", "!"],
  ["、﹑､", ","],
  ["。｡", "."],
  ["ː˸⦂꞉", ":"],
  ["⁏", ";"],
  ["ˆ", "^"],
  ["˜˷∼", "~"],
  ["‗", "_"],
  ["×", "x"],
  ["÷", ":"],
  ["¦", "|"],
  // Latin letters without a decomposition.
  ["Łł", "Ll"],
  ["Đđ", "Dd"],
  ["Ðð", "Dd"],
  ["Ħħ", "Hh"],
  ["Ŧŧ", "Tt"],
  ["ı", "i"],
  ["Œ", "OE"],
  ["œ", "oe"],
  ["Þ", "Th"],
  ["þ", "th"],
  ["ẞ", "SS"],
  ["ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "ABCDEFGHIJKLMNOPRSTUVWYZ"],
  ["©", "(c)"],
  ["®", "(R)"],
  // Cyrillic letters that look like Latin ones.
  ["АВЕКМНОРСТУХІЈЅ", "ABEKMHOPCTYXIJS"],
  ["аеорсухіјѕ", "aeopcyxijs"],
  // Greek capitals that look like Latin ones, and small letters.
  ["ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX"],
  ["αβγδεζηθικλμνξοπρσςτυφχψω", "ABΓΔEZHΘIKΛMNΞOΠPΣΣTYΦXΨΩ"],
];

/** Windows' quotes and dashes, where its octets were read as Latin-1; each is replaced in its turn. */
const windows = new TextDecoder("windows-1252");

/**
 * What a character becomes because of what it is: marks without a width vanish, spaces, dashes and quotes become plain ones. Undefined where
 * its class says nothing.
 */
export function replacementByClass(character: string): string | undefined {
  const code = character.codePointAt(0) ?? 0;
  if (code === 0x7f || /\p{Default_Ignorable_Code_Point}/u.test(character)) return "";
  if (code >= 0x80 && code <= 0x9f) return replacementOfC1(code);
  if (/\p{Z}/u.test(character)) return " ";
  if (/\p{Pd}/u.test(character)) return "-";
  return /[\p{Pi}\p{Pf}]/u.test(character) ? '"' : undefined;
}

/** Octets that Windows leaves undefined become nothing. */
function replacementOfC1(code: number): string {
  const meant = windows.decode(Uint8Array.of(code));
  if (meant.codePointAt(0) === code) return "";
  return LOOKALIKES.get(meant) ?? replacementByClass(meant) ?? meant.normalize("NFKD").replace(/\p{M}/gu, "");
}

/** By character: one entry for each of a row of equal length, else the whole right side for each of the left. */
export const LOOKALIKES: ReadonlyMap<string, string> = new Map(
  PAIRS.flatMap(([from, to]) => {
    const isRow = from.length > 1 && from.length === to.length;
    return [...from].map((character, index): [string, string] => [character, isRow ? (to[index] ?? "") : to]);
  }),
);

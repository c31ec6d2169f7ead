/**
 * Replacements that Unicode's own decompositions do not give, as data: punctuation, letters without a decomposition,
 * and letters of other scripts that look the same as one of the GSM alphabet. Greek small letters become the capitals
 * that the alphabet has, as is the custom in Greek messages.
 */

const PAIRS: readonly (readonly [from: string, to: string])[] = [
  // Quotes and apostrophes.
  ["‘’‚‛ʼʹ′`´", "'"],
  ["“”„‟″«»", '"'],
  ["‹", "<"],
  ["›", ">"],
  // Dashes, the minus sign, bullets, the fraction slash.
  ["‐‑‒–—―−", "-"],
  ["•·∙", "*"],
  ["⁄∕", "/"],
  ["×", "x"],
  ["÷", ":"],
  ["¦", "|"],
  // Spaces that are no compatibility form of U+0020, and characters without a width.
  ["\u1680\u180e\u2028\u2029", " "],
  ["\u00ad\u200b\u200c\u200d\u2060\ufeff", ""],
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
  ["©", "(c)"],
  ["®", "(R)"],
  // Cyrillic letters that look like Latin ones.
  ["АВЕКМНОРСТУХІЈЅ", "ABEKMHOPCTYXIJS"],
  ["аеорсухіјѕ", "aeopcyxijs"],
  // Greek capitals that look like Latin ones, and small letters.
  ["ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX"],
  ["αβγδεζηθικλμνξοπρσςτυφχψω", "ABΓΔEZHΘIKΛMNΞOΠPΣΣTYΦXΨΩ"],
];

/** By character: one entry for each of a row of equal length, else the whole right side for each of the left. */
export const LOOKALIKES: ReadonlyMap<string, string> = new Map(
  PAIRS.flatMap(([from, to]) => {
    const isRow = from.length > 1 && from.length === to.length;
    return [...from].map((character, index): [string, string] => [character, isRow ? (to[index] ?? "") : to]);
  }),
);

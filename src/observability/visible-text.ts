/**
 * Makes texts of others (SMSC ids, receipts, metadata, what a server answers) safe for a terminal. What would move its cursor, set its
 * title or clipboard, or change the reading order is shown as its code, in the form that JSON has for it too.
 */

/** First and last of each range: C0 but TAB and LF, DEL and C1, marks and embeddings of direction, separators, lone surrogates. */
const hiddenRanges: readonly (readonly [number, number])[] = [
  [0x00, 0x08],
  [0x0b, 0x1f],
  [0x7f, 0x9f],
  [0x061c, 0x061c],
  [0x200e, 0x200f],
  [0x2028, 0x202e],
  [0x2066, 0x2069],
  [0xd800, 0xdfff],
];

const isHidden = (code: number) => hiddenRanges.some(([first, last]) => code >= first && code <= last);
const escaped = (code: number) => `\\u${code.toString(16).padStart(4, "0")}`;

/** One line or several; TAB and line feeds stay. Harmless when repeated. */
export function visibleText(text: string): string {
  let shown = "";
  // By code points, so that only surrogates without their half are met.
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    shown += isHidden(code) ? escaped(code) : character;
  }
  return shown;
}

/** One value in a line or a cell, which it cannot leave. */
export function visibleValue(value: string): string {
  return visibleText(value).replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}

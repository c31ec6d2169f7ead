/**
 * GSM 7-bit text to septets and back, one septet an octet. Packing is in pack-septets.ts.
 */
import { ESCAPE, HOLE } from "./gsm7-alphabet.ts";
import { ESCAPED, type SeptetTable, TABLE_SIZE } from "./septet-table.ts";

/** Septets that a text needs, escapes included, or −1 where a character is not in the alphabet. */
export function countSeptets(text: string, table: SeptetTable): number {
  const entries = table.entries;
  const length = text.length;
  let escaped = 0;
  for (let index = 0; index < length; index++) {
    const entry = entries[text.charCodeAt(index)] ?? -1;
    if (entry < 0) return -1;
    escaped += entry >> 8;
  }
  return length + escaped;
}

/** Whether one UTF-16 code unit is in the alphabet. */
export function isInAlphabet(codeUnit: number, table: SeptetTable): boolean {
  return codeUnit < TABLE_SIZE && (table.entries[codeUnit] ?? -1) >= 0;
}

/** The septets of a text, one an octet; undefined where a character is not in the alphabet. */
export function encodeSeptets(text: string, table: SeptetTable): Uint8Array | undefined {
  const count = countSeptets(text, table);
  if (count < 0) return undefined;
  const septets = new Uint8Array(count);
  let at = 0;
  for (let index = 0; index < text.length; index++) {
    const entry = table.entries[text.charCodeAt(index)] ?? 0;
    if (entry >= ESCAPED) septets[at++] = ESCAPE;
    septets[at++] = entry & 0x7f;
  }
  return septets;
}

/**
 * The text of septets, one an octet; the top bit of each is ignored. A lone escape at the end, a double escape and a
 * code without a character show as a space, and an escape before an unknown code as that code's character in
 * the main table (3GPP TS 23.038 §6.2.1.1, P33).
 */
export function decodeSeptets(septets: Uint8Array, table: SeptetTable): string {
  let text = "";
  for (let index = 0; index < septets.length; index++) {
    const code = (septets[index] ?? 0) & 0x7f;
    if (code !== ESCAPE) {
      text += shown(table.main[code]);
      continue;
    }
    index += 1;
    const next = septets[index];
    if (next === undefined) return `${text} `;
    const extended = table.extension[next & 0x7f];
    text += extended === undefined || extended === HOLE ? shown(table.main[next & 0x7f]) : extended;
  }
  return text;
}

function shown(character: string | undefined): string {
  return character === undefined || character === HOLE ? " " : character;
}

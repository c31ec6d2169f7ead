/**
 * Opt-in transliteration into the default alphabet: quotes, dashes, accents and lookalikes are replaced so that a text
 * goes out as 7-bit text. All or nothing: a text that would still need UCS-2 is left as it is.
 */
import { countSeptets } from "./gsm7.ts";
import { LOOKALIKES, replacementByClass } from "./lookalikes.ts";
import type { Substitution } from "./message-plan.ts";
import type { SeptetTable } from "./septet-table.ts";

export interface Transliteration {
  readonly text: string;
  /** In text order; offsets are UTF-16 offsets in the original. */
  readonly substitutions: readonly Substitution[];
}

/** Marks that strike a sign out, and so mean its opposite: ≠ is not =. A letter stays the same one. */
const struckOut = /[^\p{L}\p{M}]\p{M}*[\u0334-\u0338\u20d2\u20d3\u20e0\u20e5\u20e6\u20eb]/u;
const superscript = /^[\u00b2\u00b3\u00b9\u2070-\u2079]/;

/** A character with the marks that combine with it. */
const CLUSTER = /\P{M}\p{M}*|\p{M}+/gu;

/**
 * The text in the given alphabet with a list of all replacements, or undefined where a character has none or nothing
 * would be left.
 */
export function transliterate(text: string, table: SeptetTable): Transliteration | undefined {
  const substitutions: Substitution[] = [];
  let result = "";
  for (const match of text.matchAll(CLUSTER)) {
    const from = match[0];
    const replaced = countSeptets(from, table) >= 0 ? from : replacementOf(from, table);
    if (replaced === undefined) return undefined;
    const to = replaced === from ? from : apartFrom(result, from, replaced);
    if (countSeptets(to, table) < 0) return undefined;
    if (to !== from) substitutions.push({ offset: match.index, from, to });
    result += to;
  }
  return result === "" ? undefined : { text: result, substitutions };
}

/** Numbers after digits stay apart from them: 1½ is not 11/2, and 10² not 102. */
function apartFrom(before: string, from: string, to: string): string {
  if (!/[0-9]$/.test(before) || !/^[0-9]/.test(to) || !/^\p{No}/u.test(from)) return to;
  return superscript.test(from) ? `^${to}` : ` ${to}`;
}

/** Composed if the alphabet has that form, else without its marks, each character then by the table of lookalikes. */
function replacementOf(cluster: string, table: SeptetTable): string | undefined {
  const composed = cluster.normalize("NFC");
  if (countSeptets(composed, table) >= 0) return composed;
  if (struckOut.test(composed.normalize("NFKD"))) return undefined;
  let replacement = "";
  for (const character of composed) {
    const known =
      LOOKALIKES.get(character) ?? withoutMarks(character, table) ?? replacementByClass(character);
    if (known === undefined || countSeptets(known, table) < 0) return undefined;
    replacement += known;
  }
  return replacement;
}

function withoutMarks(character: string, table: SeptetTable): string | undefined {
  let plain = "";
  for (const piece of character.normalize("NFKD").replace(/\p{M}/gu, "")) {
    const fits = countSeptets(piece, table) >= 0;
    const known = fits ? piece : (LOOKALIKES.get(piece) ?? replacementByClass(piece));
    if (known === undefined) return undefined;
    plain += known;
  }
  // A mark alone may fall away; a character of another kind that decomposes to nothing, or to a space that carries a mark, may not.
  if (plain === "") return /^\p{M}$/u.test(character) ? plain : undefined;
  return plain === " " && !/^\p{Z}$/u.test(character) ? undefined : plain;
}

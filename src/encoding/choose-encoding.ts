/**
 * The choice among the ways a text can be carried: fewest segments win, and ties go to the default alphabet, a single
 * shift table, a locking shift table (alone, then with a single shift), UCS-2, and then to the lower language number.
 */
import { countSeptets } from "./gsm7.ts";
import type { EncodingProfile, NationalLanguage, PlanOptions } from "./message-plan.ts";
import { LOCKING_SHIFT_TABLES } from "./national/locking-shift-tables.ts";
import { concatenationOctets, SHIFT_ELEMENT_OCTETS, segmentBudget } from "./segment-budget.ts";
import { cutGreedily } from "./segment-text.ts";
import { type SeptetTable, septetTable, tableOfDataCodingZero } from "./septet-table.ts";

export interface EncodingChoice {
  readonly encoding: "gsm7" | "ucs2";
  readonly singleShift: NationalLanguage | undefined;
  readonly lockingShift: NationalLanguage | undefined;
  /** The alphabet that counts units; undefined for UCS-2. */
  readonly alphabet: SeptetTable | undefined;
  /** Units of a message of one segment. */
  readonly singleBudget: number;
  /** Units of each part of a longer one. */
  readonly partBudget: number;
  readonly segmentCount: number;
}

/** The cheapest way to carry a text, or undefined where the options and the profile leave none. */
export function chooseEncoding(
  text: string,
  encoding: PlanOptions["encoding"],
  profile: EncodingProfile,
): EncodingChoice | undefined {
  let best: EncodingChoice | undefined;
  for (const choice of choices(text, encoding, profile)) {
    if (choice.segmentCount === 1) return best === undefined || best.segmentCount > 1 ? choice : best;
    if (best === undefined || choice.segmentCount < best.segmentCount) best = choice;
  }
  return best;
}

/** Every way that can carry the text, in the order in which ties are decided. */
function* choices(
  text: string,
  encoding: PlanOptions["encoding"],
  profile: EncodingProfile,
): Generator<EncodingChoice> {
  if (encoding !== "ucs2") {
    const table = tableOfDataCodingZero(profile.defaultAlphabet);
    const plain = choiceOfTable(text, table, undefined, undefined, profile);
    if (plain !== undefined) yield plain;
    yield* choicesOfShiftTables(text, profile);
  }
  if (encoding !== "gsm7" && profile.supportsUcs2) {
    yield measure(text, "ucs2", undefined, undefined, undefined, profile);
  }
}

function* choicesOfShiftTables(text: string, profile: EncodingProfile): Generator<EncodingChoice> {
  if (!carriesShiftTables(profile)) return;
  const singles = ascending(profile.singleShiftLanguages);
  const lockings = ascending(profile.lockingShiftLanguages).filter(
    (language) => LOCKING_SHIFT_TABLES[language] !== undefined,
  );
  for (const single of singles) {
    const choice = choiceOfTable(text, septetTable(undefined, single), single, undefined, profile);
    if (choice !== undefined) yield choice;
  }
  for (const locking of lockings) {
    const choice = choiceOfTable(text, septetTable(locking, undefined), undefined, locking, profile);
    if (choice !== undefined) yield choice;
  }
  for (const locking of lockings) {
    for (const single of singles) {
      const choice = choiceOfTable(text, septetTable(locking, single), single, locking, profile);
      if (choice !== undefined) yield choice;
    }
  }
}

/** Shift tables need a header of our own and an SMSC that passes septets through as they are. */
function carriesShiftTables(profile: EncodingProfile): boolean {
  const hasHeader = profile.concatenation === "udh8" || profile.concatenation === "udh16";
  return hasHeader && profile.defaultAlphabet === "gsm";
}

function choiceOfTable(
  text: string,
  table: SeptetTable,
  singleShift: NationalLanguage | undefined,
  lockingShift: NationalLanguage | undefined,
  profile: EncodingProfile,
): EncodingChoice | undefined {
  if (countSeptets(text, table) < 0) return undefined;
  return measure(text, "gsm7", table, singleShift, lockingShift, profile);
}

function measure(
  text: string,
  encoding: "gsm7" | "ucs2",
  alphabet: SeptetTable | undefined,
  singleShift: NationalLanguage | undefined,
  lockingShift: NationalLanguage | undefined,
  profile: EncodingProfile,
): EncodingChoice {
  const shifts = (singleShift === undefined ? 0 : 1) + (lockingShift === undefined ? 0 : 1);
  const shiftOctets = shifts * SHIFT_ELEMENT_OCTETS;
  const singleBudget = segmentBudget(encoding, shiftOctets);
  const partBudget = segmentBudget(encoding, shiftOctets + concatenationOctets(profile.concatenation));
  const units = alphabet === undefined ? text.length : countSeptets(text, alphabet);
  const segmentCount = units <= singleBudget ? 1 : cutGreedily(text, partBudget, alphabet).length + 1;
  return { encoding, singleShift, lockingShift, alphabet, singleBudget, partBudget, segmentCount };
}

function ascending(languages: readonly NationalLanguage[]): readonly NationalLanguage[] {
  return languages.toSorted((left, right) => left - right);
}

/**
 * Chooses among the ways to carry a text. The fewest segments win; ties go to the default alphabet, a single shift table,
 * a locking shift table (alone, then with a single shift), UCS-2, and then to the lower language number.
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
  /** Units that the whole text costs. */
  readonly units: number;
  /** Offsets at which the parts after the first begin, graphemes not yet regarded. */
  readonly cuts: readonly number[];
}

const noCuts: readonly number[] = [];

/** The cheapest way to carry a text, or undefined where the options and the profile leave none. */
export function chooseEncoding(
  text: string,
  encoding: PlanOptions["encoding"],
  profile: EncodingProfile,
): EncodingChoice | undefined {
  let best: EncodingChoice | undefined;
  if (encoding !== "ucs2") {
    const table = tableOfDataCodingZero(profile.defaultAlphabet);
    best = choiceOfTable(text, table, undefined, undefined, profile);
    if (carriesShiftTables(profile)) best = cheapestWithShiftTables(text, best, profile);
  }
  if (encoding === "gsm7" || !profile.supportsUcs2 || best?.cuts.length === 0) return best;
  return cheaper(best, measure(text, text.length, "ucs2", undefined, undefined, undefined, profile));
}

/** The earlier of two choices unless the later needs fewer segments. */
function cheaper(
  earlier: EncodingChoice | undefined,
  later: EncodingChoice | undefined,
): EncodingChoice | undefined {
  if (earlier === undefined || later === undefined) return earlier ?? later;
  return later.cuts.length < earlier.cuts.length ? later : earlier;
}

function cheapestWithShiftTables(
  text: string,
  plain: EncodingChoice | undefined,
  profile: EncodingProfile,
): EncodingChoice | undefined {
  let best = plain;
  for (const [lockingShift, singleShift] of shiftTablePairs(profile)) {
    if (best?.cuts.length === 0) break;
    const table = septetTable(lockingShift, singleShift);
    best = cheaper(best, choiceOfTable(text, table, singleShift, lockingShift, profile));
  }
  return best;
}

type ShiftTablePair = readonly [
  lockingShift: NationalLanguage | undefined,
  singleShift: NationalLanguage | undefined,
];

/** Single shifts, then locking shifts alone, then both, each by language number. */
function shiftTablePairs(profile: EncodingProfile): readonly ShiftTablePair[] {
  const singles = ascending(profile.singleShiftLanguages);
  const lockings = ascending(profile.lockingShiftLanguages).filter(
    (language) => LOCKING_SHIFT_TABLES[language] !== undefined,
  );
  return [
    ...singles.map((single): ShiftTablePair => [undefined, single]),
    ...lockings.map((locking): ShiftTablePair => [locking, undefined]),
    ...lockings.flatMap((locking) => singles.map((single): ShiftTablePair => [locking, single])),
  ];
}

/** Shift tables need a header of our own, and an SMSC that passes septets through as they are. */
function carriesShiftTables(profile: EncodingProfile): boolean {
  const hasHeader = profile.concatenation === "udh8" || profile.concatenation === "udh16";
  const hasTables = profile.singleShiftLanguages.length + profile.lockingShiftLanguages.length > 0;
  return hasHeader && hasTables && profile.defaultAlphabet === "gsm";
}

function choiceOfTable(
  text: string,
  table: SeptetTable,
  singleShift: NationalLanguage | undefined,
  lockingShift: NationalLanguage | undefined,
  profile: EncodingProfile,
): EncodingChoice | undefined {
  const septets = countSeptets(text, table);
  if (septets < 0) return undefined;
  return measure(text, septets, "gsm7", table, singleShift, lockingShift, profile);
}

function measure(
  text: string,
  units: number,
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
  const cuts = units <= singleBudget ? noCuts : cutGreedily(text, units, partBudget, alphabet);
  return { encoding, singleShift, lockingShift, alphabet, singleBudget, partBudget, units, cuts };
}

function ascending(languages: readonly NationalLanguage[]): readonly NationalLanguage[] {
  return languages.toSorted((left, right) => left - right);
}

/**
 * Plans how content is carried through one gateway: encoding, shift tables and segments. Preview and send both call this
 * function, so an estimate cannot differ from what goes out (P30).
 */
import { chooseEncoding, type EncodingChoice } from "./choose-encoding.ts";
import { countSeptets, isInAlphabet } from "./gsm7.ts";
import type {
  Content,
  EncodingProfile,
  ForcingCharacter,
  MessagePlan,
  PlanOptions,
  PlanResult,
  Segment,
  Substitution,
} from "./message-plan.ts";
import { planBinary } from "./plan-binary.ts";
import { segmentBudget } from "./segment-budget.ts";
import { refuseTooMany } from "./segment-limit.ts";
import { spareGraphemes, unitsOf } from "./segment-text.ts";
import { type SeptetTable, tableOfDataCodingZero } from "./septet-table.ts";
import { transliterate } from "./transliterate.ts";

const SINGLE_SEPTETS = segmentBudget("gsm7", 0);
const noOctets = new Uint8Array(0);
const noCharacters: readonly ForcingCharacter[] = [];
const noSubstitutions: readonly Substitution[] = [];

/**
 * The plan of a content under a gateway's profile, or why there is none. A text must have passed `checkText`; a user
 * data header begins with its length octet. Nothing is ever cut off or replaced unasked (P28, P32).
 */
export function planMessage(content: Content, options: PlanOptions, profile: EncodingProfile): PlanResult {
  if (content.kind === "binary") return planBinary(content.data, content.udh, options, profile);
  return planText(content.text, options, profile);
}

function planText(text: string, options: PlanOptions, profile: EncodingProfile): PlanResult {
  const table = tableOfDataCodingZero(profile.defaultAlphabet);
  const septets = options.encoding === "ucs2" ? -1 : countSeptets(text, table);
  if (septets >= 0 && septets <= SINGLE_SEPTETS) return planned(singleSegmentPlan(text, septets));
  const transliterated =
    septets < 0 && options.transliterate && options.encoding !== "ucs2"
      ? transliterate(text, table)
      : undefined;
  return transliterated === undefined
    ? planChoice(text, noSubstitutions, table, options, profile)
    : planChoice(transliterated.text, transliterated.substitutions, table, options, profile);
}

function planChoice(
  text: string,
  substitutions: readonly Substitution[],
  table: SeptetTable,
  options: PlanOptions,
  profile: EncodingProfile,
): PlanResult {
  const choice = chooseEncoding(text, options.encoding, profile);
  if (choice === undefined) {
    const reason = options.encoding === "gsm7" ? "CHARACTER_NOT_IN_ALPHABET" : "ENCODING_NOT_SUPPORTED";
    return { kind: "not_encodable", reason, forcingCharacters: findForcingCharacters(text, table) };
  }
  const tooMany = refuseTooMany(choice.cuts.length + 1, options, profile);
  if (tooMany !== undefined) return tooMany;
  const segments = segmentsOf(text, choice);
  let forcing = choice.alphabet === table ? noCharacters : undefined;
  return planned({
    encoding: choice.encoding,
    singleShift: choice.singleShift,
    lockingShift: choice.lockingShift,
    concatenation: segments.length === 1 ? undefined : profile.concatenation,
    segments,
    // Found on first reading: only a preview reads them, and they cost as much as all the rest.
    get forcingCharacters() {
      return (forcing ??= findForcingCharacters(text, table));
    },
    substitutions,
    udh: noOctets,
  });
}

/** The common case, made without the general choice: default alphabet, one segment. */
function singleSegmentPlan(text: string, septets: number): MessagePlan {
  return {
    encoding: "gsm7",
    singleShift: undefined,
    lockingShift: undefined,
    concatenation: undefined,
    segments: [{ text, data: noOctets, unitsUsed: septets, unitsLeft: SINGLE_SEPTETS - septets }],
    forcingCharacters: noCharacters,
    substitutions: noSubstitutions,
    udh: noOctets,
  };
}

function segmentsOf(text: string, choice: EncodingChoice): readonly Segment[] {
  // Where every character costs one unit, a part costs its length.
  const alphabet = choice.units === text.length ? undefined : choice.alphabet;
  if (choice.cuts.length === 0) return [segment(text, choice.units, choice.singleBudget)];
  const cuts = spareGraphemes(text, choice.cuts, choice.partBudget, alphabet);
  const segments: Segment[] = [];
  let start = 0;
  for (let part = 0; part <= cuts.length; part++) {
    const end = cuts[part] ?? text.length;
    const piece = text.slice(start, end);
    segments.push(segment(piece, unitsOf(piece, alphabet), choice.partBudget));
    start = end;
  }
  return segments;
}

function segment(text: string, unitsUsed: number, budget: number): Segment {
  return { text, data: noOctets, unitsUsed, unitsLeft: budget - unitsUsed };
}

/** Each character that the default alphabet lacks, surrogate pairs as one, in text order. */
function findForcingCharacters(text: string, table: SeptetTable): readonly ForcingCharacter[] {
  const found: ForcingCharacter[] = [];
  for (let offset = 0; offset < text.length; offset++) {
    if (isInAlphabet(text.charCodeAt(offset), table)) continue;
    const character = String.fromCodePoint(text.codePointAt(offset) ?? 0);
    found.push({ character, offset });
    offset += character.length - 1;
  }
  return found;
}

function planned(plan: MessagePlan): PlanResult {
  return { kind: "planned", plan };
}

/**
 * Plans how a content is carried through one gateway: encoding, shift tables and segments. Preview and send both call
 * this function, so an estimate cannot differ from what goes out (P30).
 */
import { chooseEncoding, type EncodingChoice } from "./choose-encoding.ts";
import { countSeptets } from "./gsm7.ts";
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
import { cutKeepingGraphemes, unitsOf } from "./segment-text.ts";
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
  const usesDefaultAlphabet = choice?.alphabet === table;
  const forcing = usesDefaultAlphabet ? noCharacters : findForcingCharacters(text, table);
  if (choice === undefined) {
    const reason = options.encoding === "gsm7" ? "CHARACTER_NOT_IN_ALPHABET" : "ENCODING_NOT_SUPPORTED";
    return { kind: "not_encodable", reason, forcingCharacters: forcing };
  }
  const tooMany = refuseTooMany(choice.segmentCount, options, profile);
  if (tooMany !== undefined) return tooMany;
  const segments = segmentsOf(text, choice);
  return planned({
    encoding: choice.encoding,
    singleShift: choice.singleShift,
    lockingShift: choice.lockingShift,
    concatenation: segments.length === 1 ? undefined : profile.concatenation,
    segments,
    forcingCharacters: forcing,
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
  if (choice.segmentCount === 1) return [segment(text, choice.singleBudget, choice.alphabet)];
  const cuts = cutKeepingGraphemes(text, choice.partBudget, choice.alphabet);
  const segments: Segment[] = [];
  let start = 0;
  for (const cut of cuts) {
    segments.push(segment(text.slice(start, cut), choice.partBudget, choice.alphabet));
    start = cut;
  }
  segments.push(segment(text.slice(start), choice.partBudget, choice.alphabet));
  return segments;
}

function segment(text: string, budget: number, alphabet: SeptetTable | undefined): Segment {
  const unitsUsed = unitsOf(text, alphabet);
  return { text, data: noOctets, unitsUsed, unitsLeft: budget - unitsUsed };
}

/** Each character that the default alphabet lacks, surrogate pairs as one, in text order. */
function findForcingCharacters(text: string, table: SeptetTable): readonly ForcingCharacter[] {
  const found: ForcingCharacter[] = [];
  let offset = 0;
  for (const character of text) {
    if (countSeptets(character, table) < 0) found.push({ character, offset });
    offset += character.length;
  }
  return found;
}

function planned(plan: MessagePlan): PlanResult {
  return { kind: "planned", plan };
}

/** What a handset says to opt out or in again: one word, alone in a message of one part. */
import type { E164 } from "./message.ts";
import type { IncomingPart } from "./receipt.ts";

/** Those of an account that names none. */
export const optOutWords: readonly string[] = ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"];
/** By these every handset opts in again. */
export const optInWords: readonly string[] = ["START", "UNSTOP"];

/** A word as it is compared: capitals and digits of any script. */
const wordForm = /^[\p{Lu}\p{Lo}\p{N}]{1,20}$/u;
const around = /^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu;
const plus = /^(?:\+|00)/;
const international = /^[1-9][0-9]{6,14}$/;

/** A message that may opt out or in; whether it does is for whom it is addressed to. */
export interface OptOut {
  readonly word: string;
  /** Undefined where the network does not say it in international form. */
  readonly handset: E164 | undefined;
  /** What it was sent to, in the form of a sender that goes out. */
  readonly addressed: string;
}

/** Whether an account may name it. */
export function isOptOutWord(word: string): boolean {
  return wordForm.test(word) && word === word.toUpperCase() && !optInWords.includes(word);
}

/** Undefined where the message is more than one word, or one of several parts. */
export function readOptOut({
  text,
  from,
  to,
  isFromNational,
  concatenation,
}: Pick<IncomingPart, "text" | "from" | "to" | "isFromNational" | "concatenation">): OptOut | undefined {
  if (text === undefined || text.length > 60 || (concatenation?.total ?? 1) > 1) return undefined;
  const word = text.replaceAll(around, "").toUpperCase();
  if (!wordForm.test(word)) return undefined;
  const digits = from.replace(plus, "");
  const isKnown = isFromNational !== true && international.test(digits);
  return { word, handset: isKnown ? (`+${digits}` as E164) : undefined, addressed: to.replace(plus, "") };
}

/** Whether the word opts out of an account, by the policy that is stored of it; undefined where it says nothing to it. */
export function optsOut(word: string, policy: string): boolean | undefined {
  if (optInWords.includes(word)) return false;
  return wordsOf(policy).includes(word) ? true : undefined;
}

/** What a policy cannot say plainly counts for nothing: nobody's STOP is lost over it. */
function wordsOf(policy: string): readonly string[] {
  if (!policy.includes('"optOutWords"')) return optOutWords;
  const { allowed, denied } = readWords(policy);
  if (Array.isArray(allowed)) return allowed as readonly string[];
  return Array.isArray(denied) ? optOutWords.filter((word) => !denied.includes(word)) : optOutWords;
}

function readWords(policy: string): { readonly allowed?: unknown; readonly denied?: unknown } {
  try {
    return (JSON.parse(policy) as { optOutWords?: object }).optOutWords ?? {};
  } catch {
    return {};
  }
}

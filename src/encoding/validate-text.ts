/**
 * What a text must be before anything is planned for it. Faults are words for the caller's error; a text never
 * appears in them (P48).
 */

/** Most UTF-16 code units of one text. */
export const MAX_TEXT_UNITS = 2_000;

/**
 * - `EMPTY`, `TOO_LONG`: a text has 1 to 2,000 UTF-16 code units.
 * - `REPLACEMENT_CHARACTER`: U+FFFD, which decoders leave where the input was broken (P41).
 * - `LONE_SURROGATE`: half a pair.
 * - `ESCAPE_CHARACTER`: U+001B, which would change the meaning of the next septet.
 * - `CONTROL_CHARACTER`: any other C0 control but TAB, LF, FF and CR.
 */
export type TextFault =
  | "EMPTY"
  | "TOO_LONG"
  | "REPLACEMENT_CHARACTER"
  | "LONE_SURROGATE"
  | "ESCAPE_CHARACTER"
  | "CONTROL_CHARACTER";

const noFaults: readonly TextFault[] = [];

/** Every kind of fault in a text, each once; empty for a good text. */
export function checkText(text: string): readonly TextFault[] {
  const length = text.length;
  if (length === 0) return ["EMPTY"];
  if (length > MAX_TEXT_UNITS) return ["TOO_LONG"];
  let faults: Set<TextFault> | undefined;
  for (let index = 0; index < length; index++) {
    const unit = text.charCodeAt(index);
    if (unit >= 0x20 && unit < 0xd800) continue;
    const fault = faultAt(text, index, unit);
    if (fault !== undefined) (faults ??= new Set()).add(fault);
  }
  return faults === undefined ? noFaults : [...faults];
}

function faultAt(text: string, index: number, unit: number): TextFault | undefined {
  if (unit < 0x20) {
    if (unit === 0x09 || unit === 0x0a || unit === 0x0c || unit === 0x0d) return undefined;
    return unit === 0x1b ? "ESCAPE_CHARACTER" : "CONTROL_CHARACTER";
  }
  if (unit === 0xfffd) return "REPLACEMENT_CHARACTER";
  if (unit > 0xdfff) return undefined;
  const isHigh = unit < 0xdc00;
  const partner = text.charCodeAt(isHigh ? index + 1 : index - 1);
  const isPaired = isHigh ? isLowSurrogate(partner) : isHighSurrogate(partner);
  return isPaired ? undefined : "LONE_SURROGATE";
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

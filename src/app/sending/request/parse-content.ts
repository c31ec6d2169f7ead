/** Checks content and the options of its coding, for sending, previewing and explaining alike. */
import type { FieldViolation } from "../../../domain/errors.ts";
import type { Message, MessageContent } from "../../../domain/message.ts";
import { CONCATENATION_8, CONCATENATION_16, parseHeader } from "../../../encoding/udh.ts";
import { checkText, type TextFault } from "../../../encoding/validate-text.ts";
import type { ContentInput, SendSmsInput } from "./send-request.ts";

/** 255 parts of 134 octets: what fits with an 8-bit reference and without a header of the caller's own. */
const maxDataOctets = 34_170;
const maxHeaderOctets = 100;
/** 2,000 UCS-2 units need 31 parts with a 16-bit reference. */
export const defaultMaxSegments = 32;
const mostSegments = 255;

const textRules: Readonly<Record<TextFault, string>> = {
  EMPTY: "must not be empty",
  TOO_LONG: "must have at most 2,000 UTF-16 code units",
  REPLACEMENT_CHARACTER: "must not contain U+FFFD, which stands for invalid UTF-8",
  LONE_SURROGATE: "must not contain half a surrogate pair",
  ESCAPE_CHARACTER: "must not contain U+001B",
  CONTROL_CHARACTER: "must contain no control characters but TAB, LF, FF and CR",
};

/** The content in its stored form, or undefined where violations were added. `maxTextLength`: where the account has a bound of its own. */
export function parseContent(
  content: ContentInput | undefined,
  violations: FieldViolation[],
  maxTextLength: number | undefined,
): MessageContent | undefined {
  if (content === undefined) {
    violations.push({
      field: "content",
      reason: "PARAMETER_MISSING",
      description: "text or binary is required",
    });
    return undefined;
  }
  if (content.kind === "text") {
    const faults = checkText(content.text);
    for (const fault of faults)
      violations.push({ field: "text", reason: "INVALID_TEXT", description: textRules[fault] });
    const isLonger = maxTextLength !== undefined && content.text.length > maxTextLength;
    if (isLonger && !faults.includes("TOO_LONG"))
      violations.push({
        field: "text",
        reason: "INVALID_TEXT",
        description: `must have at most ${maxTextLength} UTF-16 code units`,
      });
    return faults.length === 0 && !isLonger ? content : undefined;
  }
  const before = violations.length;
  checkData(content.data, violations);
  const udh = parseCallerHeader(content.udh, violations);
  return violations.length === before ? { kind: "binary", data: content.data, udh } : undefined;
}

function checkData(data: Uint8Array, violations: FieldViolation[]): void {
  if (data.length >= 1 && data.length <= maxDataOctets) return;
  violations.push({
    field: "binary.data",
    reason: "INVALID_MESSAGE_SEGMENT",
    description: "must have 1 to 34,170 octets",
  });
}

/** The header with its length octet first; empty for none. */
function parseCallerHeader(udh: Uint8Array, violations: FieldViolation[]): Uint8Array {
  if (udh.length === 0) return udh;
  const refuse = (description: string) =>
    violations.push({ field: "binary.udh", reason: "INVALID_MESSAGE_SEGMENT", description });
  const whole = new Uint8Array(1 + udh.length);
  whole[0] = udh.length;
  whole.set(udh, 1);
  if (udh.length > maxHeaderOctets) {
    refuse("must have at most 100 octets");
    return whole;
  }
  const header = parseHeader(whole);
  if (header === undefined) refuse("must be whole information elements, without the length octet");
  else if (header.elements.some(({ id }) => id === CONCATENATION_8 || id === CONCATENATION_16))
    refuse("must not contain concatenation elements (0x00, 0x08)");
  return whole;
}

/** How the caller wants the content coded. */
export type CodingOptions = Pick<Message, "encoding" | "transliterate" | "maxSegments">;

/** The options with their defaults; adds a violation for each that is wrong. */
export function parseCoding(
  input: Pick<SendSmsInput, "encoding" | "transliterate" | "maxSegments" | "content">,
  violations: FieldViolation[],
): CodingOptions {
  const { encoding, maxSegments } = input;
  if (encoding === "UNRECOGNIZED")
    violations.push({
      field: "encoding",
      reason: "INVALID_MESSAGE_TYPE",
      description: "must be unset, GSM7 or UCS2",
    });
  else if (encoding !== "auto" && input.content?.kind === "binary")
    violations.push({
      field: "encoding",
      reason: "INVALID_MESSAGE_TYPE",
      description: "must be unset for binary content",
    });
  if (maxSegments > mostSegments || maxSegments < 0)
    violations.push({
      field: "max_segments",
      reason: "INVALID_PARAMETER",
      description: "must be 1 to 255, or 0 for 32",
    });
  return {
    encoding: encoding === "UNRECOGNIZED" ? "auto" : encoding,
    transliterate: input.transliterate,
    maxSegments: maxSegments === 0 ? defaultMaxSegments : maxSegments,
  };
}

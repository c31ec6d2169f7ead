/** What log lines may show (P48): never a body or a secret, and of a number only its first digits and its last two. */

/** Fields that carry content or secrets; their values never reach a log line, at any depth. */
const secretFields = new Set([
  "text",
  "body",
  "content",
  "data",
  "udh",
  "raw",
  "shortmessage",
  "short_message",
  "messagepayload",
  "message_payload",
  "password",
  "secret",
  "key",
  "apikey",
  "api_key",
  "token",
  "authorization",
  "metadata",
]);

/** Fields that carry a subscriber's number. */
const numberFields = new Set(["recipient", "recipients", "from", "to", "msisdn", "destination", "source"]);

const numberInText = /\+?[0-9]{7,15}(?![0-9.])/g;
const plusNumberInText = /\+[1-9][0-9]{6,14}/g;
const maxDepth = 6;

/** `+46701234589` → `+4670***89`. Anything with fewer than seven digits is hidden wholly. */
export function maskNumber(value: string): string {
  const digits = value.replace(/[^0-9]/g, "").length;
  if (digits < 7) return "***";
  const head = value.startsWith("+") ? 5 : 4;
  return `${value.slice(0, head)}***${value.slice(-2)}`;
}

/** Masks every number with a plus in a sentence, such as an error's message. */
export function maskSentence(sentence: string): string {
  return sentence.replace(plusNumberInText, maskNumber);
}

export interface RedactOptions {
  /** Shows numbers as they are; bodies and secrets stay hidden. */
  readonly showRecipients: boolean;
}

function redactValue(field: string, value: unknown, options: RedactOptions, depth: number): unknown {
  const name = field.toLowerCase();
  if (secretFields.has(name)) return value === undefined ? undefined : "[hidden]";
  const isNumber = numberFields.has(name) && !options.showRecipients;
  if (typeof value === "string") {
    if (isNumber) return value.replace(numberInText, maskNumber);
    return options.showRecipients ? value : maskSentence(value);
  }
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} octets]`;
  if (depth >= maxDepth) return "[deep]";
  if (value instanceof Error) return redactError(value, options, depth);
  if (Array.isArray(value)) return value.map((item) => redactValue(field, item, options, depth + 1));
  return redactFields(value as Record<string, unknown>, options, depth + 1);
}

function redactError(error: Error, options: RedactOptions, depth: number): Record<string, unknown> {
  const mask = (sentence: string) => (options.showRecipients ? sentence : maskSentence(sentence));
  return {
    type: error.name,
    message: mask(error.message),
    stack: error.stack === undefined ? undefined : mask(error.stack),
    ...("code" in error ? { code: error.code } : {}),
    ...(error.cause === undefined ? {} : { cause: redactValue("cause", error.cause, options, depth + 1) }),
  };
}

/** A copy of a log line's fields that may be written down. */
export function redactFields(
  fields: Readonly<Record<string, unknown>>,
  options: RedactOptions = { showRecipients: false },
  depth = 0,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([field, value]) => [field, redactValue(field, value, options, depth)]),
  );
}

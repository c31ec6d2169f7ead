/**
 * Strings of a profile that hold `${names}`. They are taken apart once and filled once: what is filled in is never looked at again, so that a
 * text that holds a name arrives as it is.
 */

/** What a name stands for; an empty text where there is nothing to say. */
export type Value = string | number;
export type Values = Readonly<Record<string, Value>>;

/** What is known of a message; a name beside these begins with `account.` and is the gateway's own. */
export const messageNames = [
  "text",
  "sender",
  "recipient",
  "reference",
  "encoding",
  "senderKind",
  "segmentCount",
  "validitySeconds",
  "validityMinutes",
  "expireTime",
  "callbackUrl",
  "receipts",
] as const;

const placeholder = /\$\{([A-Za-z][A-Za-z0-9.]*)\}/;

/** The names in a template. */
export function namesIn(template: string): readonly string[] {
  return template.split(placeholder).filter((_, index) => index % 2 === 1);
}

export interface Template {
  /** The value itself where the template is one name and nothing else, else a text. `encode` is asked for each value by itself. */
  fill(values: Values, encode?: (value: Value) => string): Value;
}

export function compileTemplate(template: string): Template {
  const pieces = template.split(placeholder);
  const [before, only, after] = pieces;
  const isOne = pieces.length === 3 && before === "" && after === "";
  return {
    fill(values, encode) {
      if (isOne && only !== undefined) {
        const value = values[only] ?? "";
        return encode === undefined ? value : encode(value);
      }
      return pieces
        .map((piece, index) => {
          if (index % 2 === 0) return piece;
          const value = values[piece] ?? "";
          return encode === undefined ? String(value) : encode(value);
        })
        .join("");
    },
  };
}

/** The notations in which SMSCs write the same message id (P1). */

/** decimal 2591; hex a1f; upperHex A1F; padded 00000000000000002591 (20 digits); empty: no id at all. */
export const MESSAGE_ID_NOTATIONS = ["decimal", "hex", "upperHex", "padded", "empty"] as const;
export type MessageIdNotation = (typeof MESSAGE_ID_NOTATIONS)[number];

/** Writes the id of message `number` in a notation. */
export function formatMessageId(number: number, notation: MessageIdNotation): string {
  switch (notation) {
    case "decimal":
      return number.toString();
    case "hex":
      return number.toString(16);
    case "upperHex":
      return number.toString(16).toUpperCase();
    case "padded":
      return number.toString().padStart(20, "0");
    case "empty":
      return "";
  }
}

/**
 * The form by which an SMSC's message id is matched (P1): many answer submit_sm in one notation and write receipts in another.
 */

/**
 * exact: as sent. hex, decimal: read as a number. caseFolded: in small letters. zeroStripped: in small letters without
 * leading zeros. An id that is not such a number is taken as it is.
 */
export type MessageIdNotation = "exact" | "hex" | "decimal" | "caseFolded" | "zeroStripped";

/** How ids are written in submit_sm_resp and in receipts; equal keys mean the same message. */
export interface MessageIdForm {
  readonly response: MessageIdNotation;
  readonly receipt: MessageIdNotation;
}

const hexadecimal = /^(?:0[xX])?([0-9A-Fa-f]{1,64})$/;
const digits = /^[0-9]{1,65}$/;

/** The key of `messageId`, which is written in `notation`. */
export function matchKey(messageId: string, notation: MessageIdNotation): string {
  switch (notation) {
    case "exact":
      return messageId;
    case "caseFolded":
      return messageId.toLowerCase();
    case "zeroStripped":
      return messageId.toLowerCase().replace(/^0+(?=.)/, "");
    case "hex": {
      const number = hexadecimal.exec(messageId)?.[1];
      return number === undefined ? messageId : BigInt(`0x${number}`).toString();
    }
    case "decimal":
      return digits.test(messageId) ? BigInt(messageId).toString() : messageId;
  }
}

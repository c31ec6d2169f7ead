/**
 * Tells what a deliver_sm or data_sm is: a receipt, an intermediate notification, or a handset's message, and reads the
 * first two. The subscriber's own text never makes a receipt (P5), and nothing a receipt holds makes this throw (P6).
 */
import { statOfState, type Verdict, verdictOfStat, verdictOfState } from "./message-state.ts";
import type { PduOf } from "./pdu.ts";
import { parseReceiptDate, parseReceiptText } from "./receipt-text.ts";
import { trimPadding } from "./trim-padding.ts";

/** What an SMSC says about one message that was submitted to it. */
export interface Receipt {
  /** receipted_message_id, else `id` of the text, without padding (P1, P54); undefined where both are missing or empty. */
  readonly messageId: string | undefined;
  /** `id` of the text where it differs from receipted_message_id (P53). */
  readonly otherMessageId: string | undefined;
  readonly verdict: Verdict;
  /** `stat` as received; the name of message_state where the text has none; empty where neither is there. */
  readonly stat: string;
  readonly messageState: number | undefined;
  /** `err` as received. */
  readonly err: string | undefined;
  /** network_error_code (§5.3.2.31). */
  readonly networkError: { readonly type: number; readonly code: number } | undefined;
  readonly submitTimeMs: number | undefined;
  readonly doneTimeMs: number | undefined;
  /** The submit_sm's own reference, where the SMSC echoes it. */
  readonly userMessageReference: number | undefined;
  /** The text that was parsed; empty where the receipt has none. */
  readonly rawText: string;
}

export type Inbound =
  | { readonly kind: "receipt"; readonly receipt: Receipt }
  /** The message is still on its way; never final (§5.2.12). */
  | { readonly kind: "intermediate"; readonly receipt: Receipt }
  | {
      readonly kind: "handset";
      readonly origin: "message" | "delivery-acknowledgement" | "user-acknowledgement" | "conversation-abort";
    };

export interface ReadInboundOptions {
  /** How far the SMSC's receipt dates are ahead of UTC; default 0. */
  readonly utcOffsetMinutes?: number;
  /** Takes a text that looks like a receipt for one even where nothing else says so; default false (P5). */
  readonly trustPlainText?: boolean;
}

const ORIGIN_BY_TYPE: Readonly<Record<number, Extract<Inbound, { kind: "handset" }>["origin"]>> = {
  8: "delivery-acknowledgement",
  16: "user-acknowledgement",
  24: "conversation-abort",
};

/** The message type bits of esm_class (§5.2.12). */
const TYPE_MASK = 0x3c;
const USER_DATA_HEADER = 0x40;
const UCS2 = 0x08;

/** The user data of a PDU: short_message, or message_payload where that is empty. A view, not a copy. */
export function userDataOf(pdu: PduOf<"deliver_sm"> | PduOf<"data_sm"> | PduOf<"submit_sm">): Buffer {
  const short = pdu.command === "data_sm" ? undefined : pdu.body.short_message;
  return short !== undefined && short.length > 0 ? short : (pdu.tlvs.message_payload ?? Buffer.alloc(0));
}

/** Reads one deliver_sm or data_sm. */
export function readInbound(
  pdu: PduOf<"deliver_sm"> | PduOf<"data_sm">,
  options: ReadInboundOptions = {},
): Inbound {
  const type = pdu.body.esm_class & TYPE_MASK;
  if (type === 0x04) return { kind: "receipt", receipt: readReceipt(pdu, options) };
  if (type === 0x20) return { kind: "intermediate", receipt: readReceipt(pdu, options) };
  const origin = ORIGIN_BY_TYPE[type];
  if (origin !== undefined) return { kind: "handset", origin };
  if (pdu.tlvs.receipted_message_id !== undefined) {
    return { kind: "receipt", receipt: readReceipt(pdu, options) };
  }
  if (options.trustPlainText === true) {
    const receipt = readReceipt(pdu, options);
    if (receipt.messageId !== undefined && receipt.stat !== "") return { kind: "receipt", receipt };
  }
  return { kind: "handset", origin: "message" };
}

function readReceipt(pdu: PduOf<"deliver_sm"> | PduOf<"data_sm">, options: ReadInboundOptions): Receipt {
  const { tlvs } = pdu;
  const rawText = receiptTextOf(pdu);
  const fields = parseReceiptText(rawText);
  const state = tlvs.message_state;
  const byState = state === undefined ? undefined : verdictOfState(state);
  const dateOf = (text: string | undefined) =>
    text === undefined ? undefined : parseReceiptDate(text, options.utcOffsetMinutes);
  const messageId = trimPadding(tlvs.receipted_message_id ?? "") || fields.id || undefined;
  return {
    messageId,
    otherMessageId: fields.id === messageId ? undefined : fields.id || undefined,
    verdict: byState ?? verdictOfStat(fields.stat ?? "") ?? "none",
    stat: fields.stat || (state === undefined ? "" : (statOfState(state) ?? `${state}`)),
    messageState: state,
    err: fields.err || undefined,
    networkError: networkErrorOf(tlvs.network_error_code),
    submitTimeMs: dateOf(fields.submitDate),
    doneTimeMs: dateOf(fields.doneDate),
    userMessageReference: tlvs.user_message_reference,
    rawText,
  };
}

function networkErrorOf(octets: Buffer | undefined): Receipt["networkError"] {
  return octets === undefined ? undefined : { type: octets.readUInt8(0), code: octets.readUInt16BE(1) };
}

/** The text of a receipt, which some SMSCs mark as UCS-2 and write in ASCII, and others the other way round (P7). */
function receiptTextOf(pdu: PduOf<"deliver_sm"> | PduOf<"data_sm">): string {
  const data = userDataOf(pdu);
  const headerOctets = (pdu.body.esm_class & USER_DATA_HEADER) === 0 ? 0 : 1 + (data[0] ?? 0);
  const octets = withoutClosingNul(data.subarray(headerOctets <= data.length ? headerOctets : 0));
  const isWide = octets.length % 2 === 0 && octets.length > 0 && everyOther(octets, 0);
  if (isWide || (pdu.body.data_coding === UCS2 && !isAscii(octets))) return decodeUtf16Be(octets);
  return octets.toString("latin1");
}

/** Some SMSCs close a text with NUL, or fill it up, within its length. */
function withoutClosingNul(octets: Buffer): Buffer {
  let end = octets.length;
  while (end > 0 && octets[end - 1] === 0) end -= 1;
  return octets.subarray(0, end);
}

/** Whether all octets at even positions are zero: ASCII written as UCS-2. */
function everyOther(octets: Buffer, value: number): boolean {
  for (let i = 0; i < octets.length; i += 2) if (octets[i] !== value) return false;
  return true;
}

function isAscii(octets: Buffer): boolean {
  for (const octet of octets) {
    if (octet > 0x7e || (octet < 0x20 && octet !== 0x0a && octet !== 0x0d && octet !== 0x09)) return false;
  }
  return true;
}

function decodeUtf16Be(octets: Buffer): string {
  const even = octets.subarray(0, octets.length - (octets.length % 2));
  return Buffer.from(even).swap16().toString("utf16le");
}

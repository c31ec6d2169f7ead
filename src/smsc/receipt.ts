/** Writes the receipt of a message: the text of SMPP 3.4 appendix B and the optional parameters beside it. */
import { MESSAGE_STATES, type Stat } from "../smpp/message-state.ts";
import type { PduContent, PduOf } from "../smpp/pdu.ts";
import { buildReceiptText, formatReceiptDate } from "../smpp/receipt-text.ts";
import type { OutgoingReceipt } from "./behaviours/behaviour.ts";
import { formatMessageId } from "./message-id.ts";
import type { SimulatorSettings } from "./options.ts";
import { decodeUserData, type LoggedMessage, submitOf } from "./received-log.ts";

/** Characters of the message that a receipt repeats (appendix B). */
const QUOTED_CHARACTERS = 20;
/** Octets of user data behind its header that hold as many characters in every coding. */
const QUOTED_OCTETS = 40;
/** Most octets of short_message; a longer receipt goes as message_payload. */
const SHORT_MESSAGE_OCTETS = 254;
/** network_error_code's type for GSM networks (§5.3.2.31). */
const GSM = 3;

export interface ReceiptContent {
  readonly message: LoggedMessage;
  readonly stat: Stat;
  readonly error: number;
  readonly timeMs: number;
  /** Makes an intermediate notification of it. */
  readonly isIntermediate: boolean;
}

/** The receipt of a message, as it stands before any behaviour changes it. */
export function composeReceipt(content: ReceiptContent, settings: SimulatorSettings): OutgoingReceipt {
  const { message, stat, error, timeMs, isIntermediate } = content;
  const pdu = submitOf(message);
  const id = formatMessageId(message.number, settings.messageIds.receipt);
  const echo = settings.echoUserMessageReference ? pdu.tlvs.user_message_reference : undefined;
  return {
    delayMs: 0,
    esmClass: isIntermediate ? 0x20 : 0x04,
    dataCoding: 0,
    charset: "latin1",
    fields: {
      id,
      sub: "001",
      dlvrd: stat === "DELIVRD" ? "001" : "000",
      submitDate: formatReceiptDate(message.receivedTimeMs, settings.utcOffsetMinutes),
      doneDate: formatReceiptDate(timeMs, settings.utcOffsetMinutes),
      stat,
      err: `${error}`.padStart(3, "0"),
      text: quoteOf(pdu),
    },
    tlvs: {
      receipted_message_id: id,
      message_state: MESSAGE_STATES.find((each) => each.stat === stat)?.state,
      network_error_code: error === 0 ? undefined : Buffer.from([GSM, error >> 8, error & 0xff]),
      user_message_reference: echo,
    },
  };
}

/** The first characters of a message, those beyond ASCII as question marks. */
function quoteOf(pdu: PduOf<"submit_sm"> | PduOf<"data_sm">): string {
  const decoded = decodeUserData(pdu, QUOTED_OCTETS);
  if (decoded.kind !== "text") return "";
  return decoded.text.slice(0, QUOTED_CHARACTERS).replace(/[^\x20-\x7e]/g, "?");
}

/** The deliver_sm of a receipt: from the message's destination to its source. */
export function deliverSmOf(receipt: OutgoingReceipt, message: LoggedMessage): PduContent<"deliver_sm"> {
  const { body } = submitOf(message);
  const text = Buffer.from(
    buildReceiptText(receipt.fields),
    receipt.charset === "latin1" ? "latin1" : "utf16le",
  );
  const octets = receipt.charset === "latin1" ? text : text.swap16();
  const isShort = octets.length <= SHORT_MESSAGE_OCTETS;
  return {
    command: "deliver_sm",
    body: {
      source_addr_ton: body.dest_addr_ton,
      source_addr_npi: body.dest_addr_npi,
      source_addr: body.destination_addr.slice(0, 20),
      dest_addr_ton: body.source_addr_ton,
      dest_addr_npi: body.source_addr_npi,
      destination_addr: body.source_addr.slice(0, 20),
      esm_class: receipt.esmClass,
      data_coding: receipt.dataCoding,
      short_message: isShort ? octets : Buffer.alloc(0),
    },
    tlvs: isShort ? receipt.tlvs : { ...receipt.tlvs, message_payload: octets },
  };
}

/**
 * The newest of the messages that the simulator received, with what became of each. A message is held as its PDU's octets
 * and a few figures; it is decoded again when somebody asks.
 */
import { baselineProfile } from "../encoding/baseline-profile.ts";
import { type DecodedPart, decodePart } from "../encoding/decode-part.ts";
import { decodePdu } from "../smpp/decode-pdu.ts";
import type { Stat } from "../smpp/message-state.ts";
import type { PduOf } from "../smpp/pdu.ts";
import { userDataOf } from "../smpp/read-inbound.ts";

/** A submit as the simulator works with it. */
export interface LoggedMessage {
  /** Position in the order of arrival, from 0. */
  readonly order: number;
  /** What its message id is written from; 0 when it was refused. */
  readonly number: number;
  /** The id given in the response; empty when it was refused. */
  readonly messageId: string;
  readonly systemId: string;
  readonly sessionId: number;
  readonly receivedTimeMs: number;
  /** The status that it was answered with. */
  readonly commandStatus: number;
  /** The PDU's octets, owned by the log. */
  frame: Buffer;
  state: Stat;
  /** When the state became the last one; undefined until then. */
  doneTimeMs: number | undefined;
  error: number;
}

/** A submit as it is shown. */
export interface ReceivedMessage extends Readonly<Omit<LoggedMessage, "frame" | "number" | "error">> {
  readonly source: string;
  readonly destination: string;
  /** short_message or message_payload, header included. */
  readonly userData: Buffer;
  /** The text of this part; undefined for binary and undecodable user data. */
  readonly text: string | undefined;
  /** Which part of a long message it is, by its UDH or SAR parameters. */
  readonly part:
    | { readonly reference: number; readonly total: number; readonly sequence: number }
    | undefined;
  readonly pdu: PduOf<"submit_sm"> | PduOf<"data_sm">;
}

/** Decodes the octets of a logged message, which were read once before. */
export function submitOf(message: LoggedMessage): PduOf<"submit_sm"> | PduOf<"data_sm"> {
  const result = decodePdu(message.frame);
  if (result.kind !== "pdu" || (result.pdu.command !== "submit_sm" && result.pdu.command !== "data_sm")) {
    throw new Error(`message ${message.order} is no longer a submit_sm`);
  }
  return result.pdu;
}

/** Decodes the user data of a submit, of which at most `maxOctets` behind its header. */
export function decodeUserData(
  pdu: PduOf<"submit_sm"> | PduOf<"data_sm">,
  maxOctets = Number.POSITIVE_INFINITY,
): DecodedPart {
  const userData = userDataOf(pdu);
  const hasUserDataHeader = (pdu.body.esm_class & 0x40) !== 0;
  const headerOctets = hasUserDataHeader ? 1 + (userData[0] ?? 0) : 0;
  return decodePart(
    {
      userData: userData.subarray(0, headerOctets + maxOctets),
      dataCoding: pdu.body.data_coding,
      hasUserDataHeader,
    },
    baselineProfile,
  );
}

/** Decodes a logged message for whoever asks. */
export function viewOf(message: LoggedMessage): ReceivedMessage {
  const pdu = submitOf(message);
  const { order, messageId, systemId, sessionId, receivedTimeMs, commandStatus, state, doneTimeMs } = message;
  const userData = userDataOf(pdu);
  const decoded = decodeUserData(pdu);
  const header = decoded.kind === "undecodable" ? undefined : decoded.header;
  return {
    order,
    messageId,
    systemId,
    sessionId,
    receivedTimeMs,
    commandStatus,
    state,
    doneTimeMs,
    source: pdu.body.source_addr,
    destination: pdu.body.destination_addr,
    userData,
    text: decoded.kind === "text" ? decoded.text : undefined,
    part: header?.part ?? partBySar(pdu),
    pdu,
  };
}

function partBySar({ tlvs }: PduOf<"submit_sm"> | PduOf<"data_sm">): ReceivedMessage["part"] {
  const { sar_msg_ref_num, sar_total_segments, sar_segment_seqnum } = tlvs;
  if (sar_msg_ref_num === undefined || sar_total_segments === undefined || sar_segment_seqnum === undefined) {
    return undefined;
  }
  return { reference: sar_msg_ref_num, total: sar_total_segments, sequence: sar_segment_seqnum };
}

export class ReceivedLog {
  readonly #bound: number;
  readonly #ring: LoggedMessage[] = [];
  readonly #byId = new Map<string, LoggedMessage>();
  #count = 0;

  /** Keeps the last `bound` messages. */
  constructor(bound: number) {
    this.#bound = Math.max(1, bound);
  }

  /** Messages received in all; the next one's order. */
  get count(): number {
    return this.#count;
  }

  add(message: LoggedMessage): void {
    const at = this.#count++ % this.#bound;
    const oldest = this.#ring[at];
    if (oldest !== undefined && this.#byId.get(oldest.messageId) === oldest) {
      this.#byId.delete(oldest.messageId);
    }
    this.#ring[at] = message;
    if (message.messageId !== "") this.#byId.set(message.messageId, message);
  }

  find(messageId: string): LoggedMessage | undefined {
    return this.#byId.get(messageId);
  }

  /** What is kept, in the order of arrival. */
  *messages(): IterableIterator<LoggedMessage> {
    const start = Math.max(0, this.#count - this.#bound);
    for (let order = start; order < this.#count; order++) {
      const message = this.#ring[order % this.#bound];
      if (message !== undefined) yield message;
    }
  }
}

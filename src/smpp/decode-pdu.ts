/** Reads a PDU by its layout. It never throws on input: what cannot be read says how it should be answered. */
import { COMMAND_STATUS } from "./command-status.ts";
import { type CompiledLayout, compiledLayoutById } from "./compiled-layouts.ts";
import { HEADER_OCTETS } from "./encode-pdu.ts";
import type { Cursor } from "./field-codecs.ts";
import type { Pdu } from "./pdu.ts";
import { type CommandName, RESPONSE_BIT } from "./pdu-layouts.ts";
import { readTlvs } from "./tlv-codec.ts";

/** A PDU that cannot be read. */
export interface MalformedPdu {
  readonly kind: "malformed";
  readonly command_id: number;
  readonly sequence_number: number;
  /**
   * What to answer: generic_nack (unknown command, bad length; SMPP 3.4 §4.3), the request's own response, or nothing
   * where the PDU was itself a response or has none.
   */
  readonly answer: CommandName | undefined;
  /** The command_status that the answer carries. */
  readonly command_status: number;
}

export type DecodeResult = { readonly kind: "pdu"; readonly pdu: Pdu } | MalformedPdu;

function malformed(
  command_id: number,
  sequence_number: number,
  answer: CommandName | undefined,
  command_status: number,
): MalformedPdu {
  return { kind: "malformed", command_id, sequence_number, answer, command_status };
}

/** The status for which a PDU is refused; 0 when it may pass. */
function refusal(layout: CompiledLayout, cursor: Cursor): number {
  if (layout.reading === "response") return 0;
  if (cursor.shortStatus !== 0) return cursor.shortStatus;
  return layout.reading === "strict" ? cursor.badStatus : 0;
}

/** Decodes one whole PDU as the framer cuts it. Octet values of the result are views of `frame`. */
export function decodePdu(frame: Buffer): DecodeResult {
  const nack = "generic_nack";
  if (frame.length < HEADER_OCTETS) return malformed(0, 0, nack, COMMAND_STATUS.ESME_RINVCMDLEN);
  const id = frame.readUInt32BE(4);
  const sequence_number = frame.readUInt32BE(12);
  const isRequest = id < RESPONSE_BIT;
  if (frame.readUInt32BE(0) !== frame.length) {
    return malformed(id, sequence_number, isRequest ? nack : undefined, COMMAND_STATUS.ESME_RINVCMDLEN);
  }
  const layout = compiledLayoutById(id);
  if (layout === undefined) {
    return malformed(id, sequence_number, isRequest ? nack : undefined, COMMAND_STATUS.ESME_RINVCMDID);
  }

  const cursor: Cursor = {
    buffer: frame,
    end: frame.length,
    at: HEADER_OCTETS,
    shortStatus: 0,
    badStatus: 0,
  };
  const body: Record<string, unknown> = { ...layout.emptyBody };
  if (cursor.end > HEADER_OCTETS || layout.reading !== "response") {
    for (const field of layout.fields) body[field.name] = field.read(cursor);
  }
  const status = refusal(layout, cursor);
  if (status !== 0) {
    const answer = status === COMMAND_STATUS.ESME_RINVCMDLEN && layout.response ? nack : layout.response;
    return malformed(id, sequence_number, answer, status);
  }

  const { tlvs, raw, broken } = readTlvs(frame, cursor.at, cursor.end);
  if (broken && layout.reading === "strict") {
    return malformed(id, sequence_number, layout.response, COMMAND_STATUS.ESME_RINVOPTPARSTREAM);
  }
  // The tables and the types are one declaration (pdu-layouts.ts), which the compiler cannot follow through a loop.
  const pdu = {
    command: layout.command,
    command_status: frame.readUInt32BE(8),
    sequence_number,
    body,
    tlvs,
    rawTlvs: raw,
  } as unknown as Pdu;
  return { kind: "pdu", pdu };
}

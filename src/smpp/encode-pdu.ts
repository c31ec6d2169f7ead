/** Writes a PDU from its layout: one pass for the size, one allocation, one pass for the octets. */
import { compiledLayout } from "./compiled-layouts.ts";
import type { PduInput } from "./pdu.ts";
import type { CommandName } from "./pdu-layouts.ts";
import { sizeOfTlvs, writeTlvs } from "./tlv-codec.ts";

/** Octets of the header: command_length, command_id, command_status, sequence_number (SMPP 3.4 §3.2). */
export const HEADER_OCTETS = 16;

/**
 * Encodes a PDU. Throws a RangeError that names the field when a value does not fit its layout; nothing is ever cut off
 * or replaced. A response with an error status and no body is written without one (§4.4.2).
 */
export function encodePdu<C extends CommandName>(pdu: PduInput<C>): Buffer {
  const layout = compiledLayout(pdu.command);
  const status = pdu.command_status ?? 0;
  const bare = layout.reading === "response" && status !== 0 && pdu.body === undefined;
  const fields = bare ? [] : layout.fields;
  const body: Readonly<Record<string, unknown>> = pdu.body ?? {};

  let size = HEADER_OCTETS + sizeOfTlvs(pdu.tlvs, pdu.rawTlvs);
  for (const field of fields) size += field.sizeOf(body[field.name] ?? field.empty);

  const buffer = Buffer.allocUnsafe(size);
  buffer.writeUInt32BE(size, 0);
  buffer.writeUInt32BE(layout.id, 4);
  buffer.writeUInt32BE(status, 8);
  buffer.writeUInt32BE(pdu.sequence_number, 12);
  let at = HEADER_OCTETS;
  for (const field of fields) at = field.write(body[field.name] ?? field.empty, buffer, at);
  writeTlvs(pdu.tlvs, pdu.rawTlvs, buffer, at);
  return buffer;
}

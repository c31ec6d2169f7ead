/** Reads a handset's message, or one part of it, from a deliver_sm or data_sm (P37). */
import type { IncomingPart } from "../../domain/receipt.ts";
import { decodePart } from "../../encoding/decode-part.ts";
import { userDataOf } from "../../smpp/read-inbound.ts";
import type { DeliverSm } from "./deliver-sm-intake.ts";
import type { SmppGatewaySettings } from "./settings.ts";

const USER_DATA_HEADER = 0x40;
/** SMPP 3.4 §5.2.5. */
const NATIONAL = 2;
const noOctets = new Uint8Array(0);

/** The part as the store takes it; its octets are copies. */
export function readIncoming(
  delivery: DeliverSm,
  settings: SmppGatewaySettings,
  arrivalTimeMs: number,
): IncomingPart {
  const { body } = delivery;
  const userData = new Uint8Array(userDataOf(delivery));
  const decoded = decodePart(
    {
      userData,
      dataCoding: body.data_coding,
      hasUserDataHeader: (body.esm_class & USER_DATA_HEADER) !== 0,
    },
    settings.profile,
  );
  const header = decoded.kind === "undecodable" ? undefined : decoded.header;
  const headerOctets = header?.lengthOctets ?? 0;
  return {
    gatewayId: settings.id,
    from: body.source_addr,
    ...(body.source_addr_ton === NATIONAL && { isFromNational: true }),
    to: body.destination_addr,
    dataCoding: body.data_coding,
    text: decoded.kind === "text" ? decoded.text : undefined,
    data: userData.subarray(headerOctets),
    udh: headerOctets === 0 ? noOctets : userData.subarray(0, headerOctets),
    concatenation: header?.part ?? sarOf(delivery),
    arrivalTimeMs,
  };
}

function sarOf({ tlvs }: DeliverSm): IncomingPart["concatenation"] {
  const { sar_msg_ref_num: reference, sar_total_segments: total, sar_segment_seqnum: sequence } = tlvs;
  if (reference === undefined || total === undefined || sequence === undefined) return undefined;
  return sequence >= 1 && sequence <= total ? { reference, total, sequence } : undefined;
}

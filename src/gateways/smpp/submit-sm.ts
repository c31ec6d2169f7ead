/** Turns one part into a submit_sm by the gateway's settings (SMPP 3.4 §4.4.1). */

import type { WirePart } from "../../encoding/message-plan.ts";
import type { PduContent } from "../../smpp/pdu.ts";
import type { Submission } from "../gateway.ts";
import { recipientAddress, senderAddress } from "./address.ts";
import type { SmppGatewaySettings } from "./settings.ts";
import { validityPeriod } from "./validity-period.ts";

/** esm_class: store and forward, and the bit that says that short_message begins with a user data header (§5.2.12). */
const USER_DATA_HEADER = 0x40;
/** registered_delivery: a receipt for success and for failure (§5.2.17). */
const RECEIPT_ASKED = 0x01;

/** Whether a part needs optional parameters, which a session below version 3.4 does not carry. */
export function needsTlvs(wire: WirePart): boolean {
  return wire.sar !== undefined || wire.messagePayload !== undefined;
}

/**
 * The PDU of one part. `reference` is its user_message_reference where the gateway's receipts echo it.
 * The part must fit the session: see `needsTlvs`.
 */
export function submitSm(
  submission: Submission,
  wire: WirePart,
  settings: SmppGatewaySettings,
  reference: number | undefined,
  nowMs: number,
): PduContent<"submit_sm"> {
  const source = senderAddress(submission.sender, settings.addresses);
  const destination = recipientAddress(submission.recipient, settings.addresses);
  const body = {
    service_type: settings.serviceType,
    source_addr_ton: source.ton,
    source_addr_npi: source.npi,
    source_addr: source.address,
    dest_addr_ton: destination.ton,
    dest_addr_npi: destination.npi,
    destination_addr: destination.address,
    esm_class: wire.hasUserDataHeader ? USER_DATA_HEADER : 0,
    protocol_id: settings.protocolId,
    priority_flag: settings.priorityFlag,
    validity_period: validityPeriod(submission.expireTimeMs, nowMs, settings),
    registered_delivery: settings.receipts === "none" ? 0 : RECEIPT_ASKED,
    data_coding: wire.dataCoding,
    short_message: wire.shortMessage,
  };
  if (reference === undefined && !needsTlvs(wire)) {
    return { command: "submit_sm", body };
  }
  return {
    command: "submit_sm",
    body,
    tlvs: {
      user_message_reference: reference,
      sar_msg_ref_num: wire.sar?.reference,
      sar_total_segments: wire.sar?.total,
      sar_segment_seqnum: wire.sar?.sequence,
      message_payload: wire.messagePayload,
    },
  };
}

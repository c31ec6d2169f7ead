/** The optional parameters of SMPP 3.4 as data (§5.3.2). Tags that are not here travel as raw octets. */

/** How the value of an optional parameter is written; lengths are octets. */
export type TlvLayout =
  | { readonly tag: number; readonly type: "integer"; readonly octets: 1 | 2 | 4 }
  | { readonly tag: number; readonly type: "cstring"; readonly max: number }
  | { readonly tag: number; readonly type: "octets"; readonly min: number; readonly max: number }
  | { readonly tag: number; readonly type: "flag" };

export const TLVS = {
  dest_addr_subunit: { tag: 0x0005, type: "integer", octets: 1 },
  dest_network_type: { tag: 0x0006, type: "integer", octets: 1 },
  dest_bearer_type: { tag: 0x0007, type: "integer", octets: 1 },
  dest_telematics_id: { tag: 0x0008, type: "integer", octets: 2 },
  source_addr_subunit: { tag: 0x000d, type: "integer", octets: 1 },
  source_network_type: { tag: 0x000e, type: "integer", octets: 1 },
  source_bearer_type: { tag: 0x000f, type: "integer", octets: 1 },
  source_telematics_id: { tag: 0x0010, type: "integer", octets: 1 },
  qos_time_to_live: { tag: 0x0017, type: "integer", octets: 4 },
  payload_type: { tag: 0x0019, type: "integer", octets: 1 },
  additional_status_info_text: { tag: 0x001d, type: "cstring", max: 256 },
  receipted_message_id: { tag: 0x001e, type: "cstring", max: 65 },
  ms_msg_wait_facilities: { tag: 0x0030, type: "integer", octets: 1 },
  privacy_indicator: { tag: 0x0201, type: "integer", octets: 1 },
  source_subaddress: { tag: 0x0202, type: "octets", min: 2, max: 23 },
  dest_subaddress: { tag: 0x0203, type: "octets", min: 2, max: 23 },
  user_message_reference: { tag: 0x0204, type: "integer", octets: 2 },
  user_response_code: { tag: 0x0205, type: "integer", octets: 1 },
  source_port: { tag: 0x020a, type: "integer", octets: 2 },
  destination_port: { tag: 0x020b, type: "integer", octets: 2 },
  sar_msg_ref_num: { tag: 0x020c, type: "integer", octets: 2 },
  language_indicator: { tag: 0x020d, type: "integer", octets: 1 },
  sar_total_segments: { tag: 0x020e, type: "integer", octets: 1 },
  sar_segment_seqnum: { tag: 0x020f, type: "integer", octets: 1 },
  sc_interface_version: { tag: 0x0210, type: "integer", octets: 1 },
  callback_num_pres_ind: { tag: 0x0302, type: "integer", octets: 1 },
  callback_num_atag: { tag: 0x0303, type: "octets", min: 0, max: 65 },
  number_of_messages: { tag: 0x0304, type: "integer", octets: 1 },
  callback_num: { tag: 0x0381, type: "octets", min: 4, max: 19 },
  dpf_result: { tag: 0x0420, type: "integer", octets: 1 },
  set_dpf: { tag: 0x0421, type: "integer", octets: 1 },
  ms_availability_status: { tag: 0x0422, type: "integer", octets: 1 },
  network_error_code: { tag: 0x0423, type: "octets", min: 3, max: 3 },
  message_payload: { tag: 0x0424, type: "octets", min: 0, max: 65535 },
  delivery_failure_reason: { tag: 0x0425, type: "integer", octets: 1 },
  more_messages_to_send: { tag: 0x0426, type: "integer", octets: 1 },
  message_state: { tag: 0x0427, type: "integer", octets: 1 },
  ussd_service_op: { tag: 0x0501, type: "octets", min: 1, max: 1 },
  display_time: { tag: 0x1201, type: "integer", octets: 1 },
  sms_signal: { tag: 0x1203, type: "integer", octets: 2 },
  ms_validity: { tag: 0x1204, type: "integer", octets: 1 },
  alert_on_message_delivery: { tag: 0x130c, type: "flag" },
  its_reply_type: { tag: 0x1380, type: "integer", octets: 1 },
  its_session_info: { tag: 0x1383, type: "octets", min: 2, max: 2 },
} as const satisfies Readonly<Record<string, TlvLayout>>;

export type TlvName = keyof typeof TLVS;

type TlvValue<L> = L extends { type: "integer" }
  ? number
  : L extends { type: "cstring" }
    ? string
    : L extends { type: "flag" }
      ? true
      : Buffer;

/** Optional parameters that were understood, by the specification's names. Octets are views of what was received. */
export type Tlvs = { readonly [N in TlvName]?: TlvValue<(typeof TLVS)[N]> | undefined };

/** An optional parameter kept as it came: an unknown tag, a repeated one, or a value of the wrong length. */
export interface RawTlv {
  readonly tag: number;
  readonly value: Buffer;
}

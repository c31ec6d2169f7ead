/**
 * Every PDU of SMPP 3.4 as data (§4): its command_id and its mandatory fields in wire order. `encodePdu` and
 * `decodePdu` both interpret these tables. Field names are the specification's.
 */
import { COMMAND_STATUS } from "./command-status.ts";

/**
 * A mandatory field. `max` counts octets, with the closing NUL of a C-Octet String; `status` is the command_status that
 * an overlong value earns. An `octets` field carries its own length octet in front (sm_length).
 */
export type FieldLayout =
  | { readonly name: string; readonly type: "integer"; readonly octets: 1 | 2 | 4 }
  | { readonly name: string; readonly type: "cstring"; readonly max: number; readonly status: number }
  | { readonly name: string; readonly type: "octets"; readonly max: number; readonly status: number }
  | { readonly name: string; readonly type: "destinations" }
  | { readonly name: string; readonly type: "failures" };

/**
 * `strict` PDUs come from an ESME and are refused when a field is too long. `tolerant` ones come from an SMSC: a
 * receipt is worth more than its form, so an overlong address or a broken tail costs nothing. A `response` may also
 * end early, even without a body.
 */
export type Reading = "strict" | "tolerant" | "response";

export interface PduLayout {
  readonly id: number;
  readonly reading: Reading;
  readonly fields: readonly FieldLayout[];
}

const S = COMMAND_STATUS;

function u8<const N extends string>(name: N) {
  return { name, type: "integer", octets: 1 } as const;
}

function cstring<const N extends string>(name: N, max: number, status: number) {
  return { name, type: "cstring", max, status } as const;
}

const MESSAGE_ID = cstring("message_id", 65, S.ESME_RINVMSGID);
const SERVICE_TYPE = cstring("service_type", 6, S.ESME_RINVSERTYP);
const SYSTEM_ID = cstring("system_id", 16, S.ESME_RINVSYSID);
/** 8 characters by the specification; providers hand out longer ones, and nothing is gained by refusing them. */
const PASSWORD = cstring("password", 65, S.ESME_RINVPASWD);
const SCHEDULE = cstring("schedule_delivery_time", 17, S.ESME_RINVSCHED);
const VALIDITY = cstring("validity_period", 17, S.ESME_RINVEXPIRY);
const SHORT_MESSAGE = { name: "short_message", type: "octets", max: 254, status: S.ESME_RINVMSGLEN } as const;

const SOURCE = [
  u8("source_addr_ton"),
  u8("source_addr_npi"),
  cstring("source_addr", 21, S.ESME_RINVSRCADR),
] as const;
const LONG_SOURCE = [
  u8("source_addr_ton"),
  u8("source_addr_npi"),
  cstring("source_addr", 65, S.ESME_RINVSRCADR),
] as const;
const DESTINATION = [
  u8("dest_addr_ton"),
  u8("dest_addr_npi"),
  cstring("destination_addr", 21, S.ESME_RINVDSTADR),
] as const;
const LONG_DESTINATION = [
  u8("dest_addr_ton"),
  u8("dest_addr_npi"),
  cstring("destination_addr", 65, S.ESME_RINVDSTADR),
] as const;

const BIND = [
  SYSTEM_ID,
  PASSWORD,
  cstring("system_type", 13, S.ESME_RINVSYSTYP),
  u8("interface_version"),
  u8("addr_ton"),
  u8("addr_npi"),
  cstring("address_range", 41, S.ESME_RINVPARLEN),
] as const;

const AFTER_DESTINATION = [
  u8("esm_class"),
  u8("protocol_id"),
  u8("priority_flag"),
  SCHEDULE,
  VALIDITY,
  u8("registered_delivery"),
  u8("replace_if_present_flag"),
  u8("data_coding"),
  u8("sm_default_msg_id"),
  SHORT_MESSAGE,
] as const;

const SHORT_MESSAGE_PDU = [SERVICE_TYPE, ...SOURCE, ...DESTINATION, ...AFTER_DESTINATION] as const;

export const PDU_LAYOUTS = {
  generic_nack: { id: 0x80000000, reading: "response", fields: [] },
  bind_receiver: { id: 0x00000001, reading: "strict", fields: BIND },
  bind_receiver_resp: { id: 0x80000001, reading: "response", fields: [SYSTEM_ID] },
  bind_transmitter: { id: 0x00000002, reading: "strict", fields: BIND },
  bind_transmitter_resp: { id: 0x80000002, reading: "response", fields: [SYSTEM_ID] },
  query_sm: { id: 0x00000003, reading: "strict", fields: [MESSAGE_ID, ...SOURCE] },
  query_sm_resp: {
    id: 0x80000003,
    reading: "response",
    fields: [
      MESSAGE_ID,
      cstring("final_date", 17, S.ESME_RUNKNOWNERR),
      u8("message_state"),
      u8("error_code"),
    ],
  },
  submit_sm: { id: 0x00000004, reading: "strict", fields: SHORT_MESSAGE_PDU },
  submit_sm_resp: { id: 0x80000004, reading: "response", fields: [MESSAGE_ID] },
  deliver_sm: { id: 0x00000005, reading: "tolerant", fields: SHORT_MESSAGE_PDU },
  deliver_sm_resp: { id: 0x80000005, reading: "response", fields: [MESSAGE_ID] },
  unbind: { id: 0x00000006, reading: "tolerant", fields: [] },
  unbind_resp: { id: 0x80000006, reading: "response", fields: [] },
  replace_sm: {
    id: 0x00000007,
    reading: "strict",
    fields: [
      MESSAGE_ID,
      ...SOURCE,
      SCHEDULE,
      VALIDITY,
      u8("registered_delivery"),
      u8("sm_default_msg_id"),
      SHORT_MESSAGE,
    ],
  },
  replace_sm_resp: { id: 0x80000007, reading: "response", fields: [] },
  cancel_sm: {
    id: 0x00000008,
    reading: "strict",
    fields: [SERVICE_TYPE, MESSAGE_ID, ...SOURCE, ...DESTINATION],
  },
  cancel_sm_resp: { id: 0x80000008, reading: "response", fields: [] },
  bind_transceiver: { id: 0x00000009, reading: "strict", fields: BIND },
  bind_transceiver_resp: { id: 0x80000009, reading: "response", fields: [SYSTEM_ID] },
  outbind: { id: 0x0000000b, reading: "tolerant", fields: [SYSTEM_ID, PASSWORD] },
  enquire_link: { id: 0x00000015, reading: "tolerant", fields: [] },
  enquire_link_resp: { id: 0x80000015, reading: "response", fields: [] },
  submit_multi: {
    id: 0x00000021,
    reading: "strict",
    fields: [SERVICE_TYPE, ...SOURCE, { name: "dest_address", type: "destinations" }, ...AFTER_DESTINATION],
  },
  submit_multi_resp: {
    id: 0x80000021,
    reading: "response",
    fields: [MESSAGE_ID, { name: "unsuccess_sme", type: "failures" }],
  },
  alert_notification: {
    id: 0x00000102,
    reading: "tolerant",
    fields: [
      ...LONG_SOURCE,
      u8("esme_addr_ton"),
      u8("esme_addr_npi"),
      cstring("esme_addr", 65, S.ESME_RINVDSTADR),
    ],
  },
  data_sm: {
    id: 0x00000103,
    reading: "tolerant",
    fields: [
      SERVICE_TYPE,
      ...LONG_SOURCE,
      ...LONG_DESTINATION,
      u8("esm_class"),
      u8("registered_delivery"),
      u8("data_coding"),
    ],
  },
  data_sm_resp: { id: 0x80000103, reading: "response", fields: [MESSAGE_ID] },
} as const satisfies Readonly<Record<string, PduLayout>>;

export type CommandName = keyof typeof PDU_LAYOUTS;

/** Set in the command_id of every response (§5.1.2.1). */
export const RESPONSE_BIT = 0x80000000;

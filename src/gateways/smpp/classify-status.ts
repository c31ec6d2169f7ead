/**
 * What a command_status means for routing, as one table (SMPP 3.4 §5.1.3; P13). Operators differ in how they use the codes, so a
 * gateway may override any of them.
 */

/**
 * recipient: nobody can reach this number. route: another gateway may. temporary: try again here. throttled: the whole gateway
 * slows down. session: the link must be bound again. bind: the account itself is refused.
 */
export type StatusClass = "recipient" | "route" | "temporary" | "throttled" | "session" | "bind";

/** Overrides by gateway: command_status → class. */
export type StatusClassOverrides = Readonly<Record<number, StatusClass>>;

export const ESME_ROK = 0x00;
export const ESME_RALYBND = 0x05;
export const ESME_RX_T_APPN = 0x64;

/** Inclusive ranges of command_status by class; whatever is not listed is temporary. */
export const statusClasses: readonly (readonly [first: number, last: number, statusClass: StatusClass])[] = [
  [0x01, 0x03, "route"], // message length, command length, command id
  [0x04, 0x04, "session"], // incorrect bind status
  [0x05, 0x05, "bind"], // already bound
  [0x06, 0x07, "route"], // priority flag, registered delivery flag
  [0x08, 0x08, "temporary"], // system error
  [0x0a, 0x0a, "route"], // source address
  [0x0b, 0x0b, "recipient"], // destination address
  [0x0d, 0x0f, "bind"], // bind failed, password, system id
  [0x14, 0x14, "throttled"], // message queue full
  [0x15, 0x15, "route"], // service type
  [0x43, 0x43, "route"], // esm_class
  [0x45, 0x45, "route"], // submit_sm failed
  [0x48, 0x49, "route"], // source TON, NPI
  [0x50, 0x51, "route"], // destination TON, NPI
  [0x53, 0x54, "route"], // system type, replace_if_present
  [0x58, 0x58, "throttled"], // throttling error
  [0x61, 0x63, "route"], // schedule time, validity period, predefined message
  [0x64, 0x64, "temporary"], // receiver temporary error
  [0x65, 0x66, "route"], // receiver permanent error, receiver reject
  [0xc0, 0xc4, "route"], // optional parameters
  [0xfe, 0xff, "temporary"], // delivery failure, unknown error
  [0x400, 0x4ff, "temporary"], // vendor specific
];

const byStatus: ReadonlyMap<number, StatusClass> = new Map(
  statusClasses.flatMap(([first, last, statusClass]) =>
    Array.from({ length: last - first + 1 }, (_, index) => [first + index, statusClass] as const),
  ),
);

/**
 * ESME_RSUBMITFAIL and ESME_RINVSERTYP: the SMSC does not work for us, whatever the message. Every other refusal of a route may be one
 * account's wrong sender, which must not close the gateway for all.
 */
export const blamingStatuses: ReadonlySet<number> = new Set([0x45, 0x15]);

/** The class of a status other than ESME_ROK, in whichever PDU it answers a submit_sm or a bind: also in a generic_nack (P56). */
export function classifyStatus(commandStatus: number, overrides: StatusClassOverrides): StatusClass {
  return overrides[commandStatus] ?? byStatus.get(commandStatus) ?? "temporary";
}

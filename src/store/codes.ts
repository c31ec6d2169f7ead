/** The small numbers for states, lanes and kinds in the tables; a number, once given, never changes. */
import type { DeliveryState, FinalState } from "../domain/delivery-state.ts";
import type { Lane, NumericSenderType } from "../domain/message.ts";

export const stateCodes = {
  SCHEDULED: 0,
  QUEUED: 1,
  SUBMITTING: 2,
  SUBMITTED: 3,
  DELIVERED: 4,
  UNDELIVERABLE: 5,
  EXPIRED: 6,
  REJECTED: 7,
  UNKNOWN: 8,
  CANCELLED: 9,
} as const satisfies Record<DeliveryState, number>;

const states = Object.keys(stateCodes) as readonly DeliveryState[];

/** The rank of a lane: claims take the lowest first. */
export const laneCodes = { OTP: 0, NORMAL: 1, BULK: 2 } as const satisfies Record<Lane, number>;

const lanes = Object.keys(laneCodes) as readonly Lane[];

/** Of senders whose type the caller said. */
export const senderTypeCodes = {
  INTERNATIONAL: 1,
  NATIONAL: 2,
  SHORT_CODE: 3,
} as const satisfies Record<NumericSenderType, number>;

const senderTypes = Object.keys(senderTypeCodes) as readonly NumericSenderType[];

export const textEncodings = ["auto", "gsm7", "ucs2"] as const;

export function stateOf(code: number): DeliveryState {
  const state = states[code];
  if (state === undefined) throw new RangeError(`no state has the number ${code}`);
  return state;
}

export function laneOf(code: number): Lane {
  const lane = lanes[code];
  if (lane === undefined) throw new RangeError(`no lane has the number ${code}`);
  return lane;
}

export function senderTypeOf(code: number): NumericSenderType {
  const type = senderTypes[code - 1];
  if (type === undefined) throw new RangeError(`no type of senders has the number ${code}`);
  return type;
}

export type ReportState = FinalState | "QUEUED" | "SUBMITTED";

/** States as one number, with bit n set for the state of code n; undefined stands for all states. */
export function maskOf(wanted: ReadonlySet<DeliveryState> | undefined): number {
  let mask = 0;
  for (const state of wanted ?? states) mask |= 1 << stateCodes[state];
  return mask;
}

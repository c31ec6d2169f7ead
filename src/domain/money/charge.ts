/**
 * What the steps of a delivery mean for the money of its account. A delivery is charged once at most, never for more than was reserved for
 * it, and nothing stays reserved when it is final. Both stores ask this table; they do what it says in the statement that moves the state.
 */
import { assertNever } from "../assert-never.ts";
import { type DeliveryState, isFinal } from "../delivery-state.ts";

/**
 * NONE: the account had no wallet. RESERVED: held back since it was accepted. HELD: sent, and paid when it is delivered. CHARGED and RELEASED
 * are final.
 */
export type ChargeState = "NONE" | "RESERVED" | "HELD" | "CHARGED" | "RELEASED";

/** When a delivery is paid: fixed when it is accepted. */
export type ChargeOn = "SUBMITTED" | "DELIVERED";

/**
 * SUBMITTED: a gateway has all of it. ENDED: rejected, expired or cancelled before. DOUBTFUL: ended before, and nobody knows whether it was
 * sent. DELIVERED: the network says so, or no receipts are to be had. FAILED: ended otherwise after a gateway had it.
 */
export type ChargeStep = "SUBMITTED" | "ENDED" | "DOUBTFUL" | "DELIVERED" | "FAILED";

/** What stands on a delivery, in micros. */
export interface Charge {
  readonly state: ChargeState;
  readonly reserved: number;
  /** 0 until it is charged. */
  readonly cost: number;
}

/** A charge after a step, and by how much the account's totals change. */
export interface ChargeMove {
  readonly charge: Charge;
  readonly balance: number;
  readonly reserved: number;
}

type Action = "CHARGE" | "HOLD" | "RELEASE";

/** What is not here changes nothing. */
export const chargeActions: Readonly<
  Record<ChargeOn, Readonly<Partial<Record<ChargeState, Partial<Record<ChargeStep, Action>>>>>>
> = {
  SUBMITTED: { RESERVED: { SUBMITTED: "CHARGE", ENDED: "RELEASE", DOUBTFUL: "CHARGE" } },
  DELIVERED: {
    RESERVED: { SUBMITTED: "HOLD", ENDED: "RELEASE", DOUBTFUL: "RELEASE" },
    HELD: { DELIVERED: "CHARGE", FAILED: "RELEASE" },
  },
};

/** The step that a change of state is; undefined where no money moves, such as for a retry. */
export function chargeStepOf(
  from: DeliveryState,
  to: DeliveryState,
  hasReceipts: boolean,
): ChargeStep | undefined {
  if (from === to || isFinal(from)) return undefined;
  if (from === "SUBMITTED") {
    if (to === "DELIVERED") return "DELIVERED";
    return to === "UNKNOWN" && !hasReceipts ? "DELIVERED" : "FAILED";
  }
  if (to === "SUBMITTED") return "SUBMITTED";
  if (to === "UNKNOWN") return "DOUBTFUL";
  return isFinal(to) ? "ENDED" : undefined;
}

/** What stands on a delivery that is accepted for an account with a wallet. */
export function reserve(micros: number): ChargeMove {
  return { charge: { state: "RESERVED", reserved: micros, cost: 0 }, balance: 0, reserved: micros };
}

/** `price` is that of the attempt that counts: its parts times its unit, in micros. */
export function moveCharge(charge: Charge, step: ChargeStep, price: number, chargeOn: ChargeOn): ChargeMove {
  const action = chargeActions[chargeOn][charge.state]?.[step];
  if (action === undefined) return { charge, balance: 0, reserved: 0 };
  const { reserved } = charge;
  // What was held is what it costs, whatever is asked later.
  const cost = charge.state === "HELD" ? reserved : Math.min(reserved, price);
  switch (action) {
    case "CHARGE":
      return { charge: { state: "CHARGED", reserved, cost }, balance: -cost, reserved: -reserved };
    case "HOLD":
      return { charge: { state: "HELD", reserved: cost, cost: 0 }, balance: 0, reserved: cost - reserved };
    case "RELEASE":
      return { charge: { state: "RELEASED", reserved, cost: 0 }, balance: 0, reserved: -reserved };
    default:
      return assertNever(action);
  }
}

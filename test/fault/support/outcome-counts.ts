/** Sets what was acknowledged against what ended and what reached the SMSC. */
import { DeliveryState } from "../../../src/gen/smsrelay/v1/delivery.ts";
import type { Acknowledgement } from "./acknowledged.ts";

export interface OutcomeCounts {
  readonly acknowledged: number;
  readonly withoutFinal: number;
  /** Over all deliveries, also those whose acknowledgement never arrived. */
  readonly withSeveralFinals: number;
  readonly unknown: number;
  /** AT_LEAST_ONCE and never at the SMSC. */
  readonly neverSubmitted: number;
  /** Submits beyond the first of each AT_LEAST_ONCE message. */
  readonly duplicates: number;
  /** AT_MOST_ONCE messages that were at the SMSC more than once. */
  readonly duplicatesAtMostOnce: number;
}

/** `finals` by delivery id, `submits` by destination without plus. */
export function countOutcomes(
  acknowledged: ReadonlyMap<string, Acknowledgement>,
  finals: ReadonlyMap<string, readonly DeliveryState[]>,
  submits: ReadonlyMap<string, number>,
): OutcomeCounts {
  let withoutFinal = 0;
  let unknown = 0;
  let neverSubmitted = 0;
  let duplicates = 0;
  let duplicatesAtMostOnce = 0;
  for (const [deliveryId, { recipient, isAtMostOnce }] of acknowledged) {
    const state = finals.get(deliveryId)?.[0];
    const submitted = submits.get(recipient.slice(1)) ?? 0;
    if (state === undefined) withoutFinal += 1;
    if (state === DeliveryState.DELIVERY_STATE_UNKNOWN) unknown += 1;
    if (submitted === 0 && !isAtMostOnce) neverSubmitted += 1;
    if (submitted > 1 && isAtMostOnce) duplicatesAtMostOnce += 1;
    else duplicates += Math.max(0, submitted - 1);
  }
  const withSeveralFinals = [...finals.values()].filter((states) => states.length > 1).length;
  return {
    acknowledged: acknowledged.size,
    withoutFinal,
    withSeveralFinals,
    unknown,
    neverSubmitted,
    duplicates,
    duplicatesAtMostOnce,
  };
}

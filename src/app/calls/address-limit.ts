/**
 * How many calls a second one address may make, whoever calls and whether its credentials are right, where the configuration says so. Each
 * process counts by itself. Off, which is the default, there is none, and no address is looked at.
 */
import { SmsError } from "../../domain/errors.ts";
import type { Clock } from "../../observability/clock.ts";
import type { CallerAddresses } from "./caller-address.ts";
import { networkOf } from "./network-of.ts";

export interface AddressLimit {
  /**
   * Counts a call, and answers undefined; or counts nothing, and answers how long it has to wait, in whole milliseconds. Whoever waits that
   * long gets through, where no other call comes from the address.
   */
  waitMs(address: string | undefined): number | undefined;
}

const maxAddresses = 10_000;
/** Calls of so long may come at once. */
const burstMs = 1_000;
/** What sums of fractions of a millisecond lose. */
const rounding = 1e-6;

/** A trusted proxy that does not say for whom it calls stands for many, and what has no address is of this machine: neither is counted. */
export function createAddressLimit(
  perSecond: number | undefined,
  clock: Pick<Clock, "monotonic">,
  { isProxy }: Pick<CallerAddresses, "isProxy">,
): AddressLimit | undefined {
  if (perSecond === undefined) return undefined;
  const stepMs = 1_000 / perSecond;
  /** When each has its whole second again, in the order of the last calls that were let in. */
  const wholeAt = new Map<string, number>();

  return {
    waitMs(address) {
      if (address === undefined || isProxy(address)) return undefined;
      const network = networkOf(address);
      const nowMs = clock.monotonic();
      const nextMs = Math.max(nowMs, wholeAt.get(network) ?? nowMs) + stepMs;
      const waitMs = Math.ceil(nextMs - burstMs - nowMs - rounding);
      if (waitMs > 0) return waitMs;
      wholeAt.delete(network);
      wholeAt.set(network, nextMs);
      // Each call forgets what was kept for another one and is over, so that no call has many to forget.
      for (const [other, otherMs] of wholeAt) {
        if (otherMs > nowMs && wholeAt.size <= maxAddresses) break;
        wholeAt.delete(other);
      }
      return undefined;
    },
  };
}

/** The refusal of a call that has to wait. */
export function tooManyCalls(retryAfterMs: number): SmsError {
  return new SmsError("THROTTLING_SPAMMING_IP", undefined, {
    retryAfterMs,
    quota: { subject: "address", description: "More calls a second come from this address than are let in." },
  });
}

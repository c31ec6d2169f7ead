/**
 * Addresses from which wrong keys and tokens come. Whoever failed often is let try a few times a second only, so that neither guessing nor
 * checking signatures is to be had for nothing; what was found right before is not held back, so that one program with an old key locks
 * nobody out who shares its address.
 */
import type { Clock } from "../../observability/clock.ts";
import type { CallerAddresses } from "./caller-address.ts";
import { networkOf } from "./network-of.ts";

export interface FailingAddresses {
  /** Asked at every call: where nobody failed lately nothing else need be. */
  readonly hasAny: boolean;
  /** How long credentials that are not known to be right have to wait; undefined where they may be tried now. Counts the try. */
  heldBackMs(address: string | undefined): number | undefined;
  /** Credentials from there were wrong. */
  note(address: string | undefined): void;
}

/** So many failures, and as many again in each minute, before tries are held back. */
const freeFailures = 20;
const refillMs = 60_000 / freeFailures;
/** Between two tries of an address that failed too often. */
const tryMs = 100;
const maxAddresses = 10_000;

interface Failing {
  /** When all of its failures will be forgotten; each adds to it. */
  forgottenMs: number;
  nextTryMs: number;
}

/** A trusted proxy that does not say for whom it calls stands for many: nothing is held against it. All that have no address are one. */
export function createFailingAddresses(
  clock: Pick<Clock, "monotonic">,
  { isProxy }: Pick<CallerAddresses, "isProxy">,
): FailingAddresses {
  /** In the order of their last failures. */
  const failing = new Map<string, Failing>();

  return {
    get hasAny() {
      return failing.size > 0;
    },
    heldBackMs(address) {
      const one = failing.get(networkOf(address ?? ""));
      const nowMs = clock.monotonic();
      if (one === undefined || one.forgottenMs - nowMs < freeFailures * refillMs) return undefined;
      if (nowMs < one.nextTryMs) return one.nextTryMs - nowMs;
      one.nextTryMs = nowMs + tryMs;
      return undefined;
    },
    note(address) {
      if (address !== undefined && isProxy(address)) return;
      const network = networkOf(address ?? "");
      const nowMs = clock.monotonic();
      const one = failing.get(network) ?? { forgottenMs: nowMs, nextTryMs: nowMs };
      // Never further ahead than one failure more than are free: who stops is free again a moment later.
      const most = nowMs + (freeFailures + 1) * refillMs;
      one.forgottenMs = Math.min(Math.max(one.forgottenMs, nowMs) + refillMs, most);
      failing.delete(network);
      failing.set(network, one);
      for (const [other, { forgottenMs }] of failing) {
        if (forgottenMs > nowMs && failing.size <= maxAddresses) break;
        failing.delete(other);
      }
    },
  };
}

/**
 * Caps on what an account sends to few destinations in an hour of UTC: one recipient, numbers that begin with the same seven digits, a
 * country. Whoever makes a service send for money (SMS pumping) does not send evenly.
 */
import type { Refuse } from "./value-rule.ts";

export interface PumpingGuard {
  /** Whether caps refuse, or are only told. */
  readonly blocks: boolean;
  /** Undefined for the default. */
  readonly recipientCap?: number;
  /** Undefined for none. */
  readonly prefixCap?: number;
  readonly regionCap?: number;
}

export interface PumpingGuardInput {
  readonly blocks: boolean;
  readonly recipientCap?: number | undefined;
  readonly prefixCap?: number | undefined;
  readonly regionCap?: number | undefined;
}

/** Kinds of destinations, in the order in which they are judged. */
export const guardedKinds = ["recipient", "prefix", "region"] as const;
export type GuardedKind = (typeof guardedKinds)[number];

/** By kind, messages of this hour, or how many there may be. */
export type GuardFigures = Readonly<Record<GuardedKind, number>>;

export const defaultRecipientCap = 10;
const mostCap = 1_000_000;
export const guardWindowMs = 3_600_000;

/** Infinity for none. */
export function capsOf({ recipientCap, prefixCap, regionCap }: PumpingGuard): GuardFigures {
  return {
    recipient: recipientCap ?? defaultRecipientCap,
    prefix: prefixCap ?? Number.POSITIVE_INFINITY,
    region: regionCap ?? Number.POSITIVE_INFINITY,
  };
}

/** The first kind of which one message more would be too many. */
export function kindOver(sent: GuardFigures, caps: GuardFigures): GuardedKind | undefined {
  return guardedKinds.find((kind) => sent[kind] >= caps[kind]);
}

export function parsePumpingGuard(
  given: PumpingGuardInput | undefined,
  refuse: Refuse,
): PumpingGuard | undefined {
  if (given === undefined) return undefined;
  const { blocks, recipientCap, prefixCap, regionCap } = given;
  const fields = { recipient_cap: recipientCap, prefix_cap: prefixCap, region_cap: regionCap };
  for (const [name, cap] of Object.entries(fields))
    if (cap !== undefined && !(Number.isInteger(cap) && cap >= 1 && cap <= mostCap))
      refuse(`pumping_guard.${name}`, `must be 1 to ${mostCap}`);
  return {
    blocks,
    ...(recipientCap === undefined ? {} : { recipientCap }),
    ...(prefixCap === undefined ? {} : { prefixCap }),
    ...(regionCap === undefined ? {} : { regionCap }),
  };
}

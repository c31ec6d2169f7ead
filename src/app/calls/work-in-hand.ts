/**
 * The messages that were taken in and are not on disk yet, and how many of them there may be. More than the process can work off would only
 * make all of them late, so the limit follows the time that they take: it shrinks while that is above a target and grows while it is below.
 * What is beyond it is refused at once, BULK first and OTP last.
 */
import type { Lane } from "../../domain/message.ts";
import type { Clock } from "../../observability/clock.ts";
import type { Unknown } from "./unknown.ts";

export interface WorkInHandDeps {
  readonly clock: Pick<Clock, "monotonic">;
  /** 0 to 1, for delays that do not bring all who were refused back at once. */
  readonly random: () => number;
}

/** A message in hand. Leaving is harmless when repeated. */
export interface Place {
  /** The message is on disk; the time that this took is what the limit follows. */
  leaveStored(): void;
  /** It came to another end. */
  leave(): void;
}

export interface WorkInHand {
  /** Why a message is not to be taken in now: how long its sender should stay away. Undefined where there is room. */
  retryAfterMs(lane: Lane | Unknown): number | undefined;
  /** Takes a message in, room or no room. */
  enter(recipientCount: number): Place;
  /** APIs that can slow their callers down instead of refusing do so while it is. */
  isTight(): boolean;
  /** In units of a message to one recipient. */
  figures(): { readonly units: number; readonly limit: number };
}

/** A recipient more costs a fiftieth of a message to one: 7 µs beside 90 and a commit's share. */
const recipientUnits = 0.02;
/**
 * 600 calls in flight, or 50 to 500 recipients each, are never refused, however slow the machine. Fewer would help nobody: refusing costs
 * 65 µs of processor and accepting 90, so that a limit of 512 left half of the accepts that 1,024 left, at the same latency.
 */
const leastLimit = 1_024;
/** A burst of 6,000 calls is taken in as long as nothing was late before it. */
const mostLimit = 8 * leastLimit;
const shares: Readonly<Record<Lane, number>> = { OTP: 1, NORMAL: 0.8, BULK: 0.6 };
const tightShare = 0.5;
/** From a place taken to the commit; 6 ms with 128 calls in flight, and 30 on a machine five times slower. */
const targetMs = 100;
const windowMs = 100;
const decrease = 0.7;
const increase = 1.1;
/** Whoever can wait is asked to wait longer. */
const meanRetryMs: Readonly<Record<Lane, number>> = { OTP: 250, NORMAL: 1_000, BULK: 4_000 };
/** All wait as many times longer as there are refusals for an accept, which cost nearly as much; the past is forgotten within seconds. */
const mostPressure = 15;
const pressureKept = 0.98;

/** Nothing in hand, and the widest limit. */
export function createWorkInHand({ clock, random }: WorkInHandDeps): WorkInHand {
  let units = 0;
  let limit = mostLimit;
  let windowStartMs = clock.monotonic();
  let windowPeak = 0;
  let storedCount = 0;
  let storedMs = 0;
  let refusedCount = 0;
  let pressure = 1;

  function follow(nowMs: number, tookMs: number): void {
    storedCount += 1;
    storedMs += tookMs;
    if (nowMs - windowStartMs < windowMs) return;
    const windows = (nowMs - windowStartMs) / windowMs;
    // What was never in hand needs no limit: the decrease begins at what was.
    if (storedMs / storedCount > targetMs)
      limit = Math.max(leastLimit, Math.min(limit, windowPeak) * decrease);
    else limit = Math.min(mostLimit, limit * increase ** windows);
    pressure = Math.max(1, pressure * pressureKept ** windows, refusedCount / storedCount);
    windowStartMs = nowMs;
    windowPeak = units;
    refusedCount = 0;
    storedCount = 0;
    storedMs = 0;
  }

  return {
    retryAfterMs(lane) {
      const known = lane === "UNRECOGNIZED" ? "NORMAL" : lane;
      if (units < limit * shares[known]) return undefined;
      refusedCount += 1;
      return Math.round(meanRetryMs[known] * Math.min(mostPressure, pressure) * (0.5 + random()));
    },
    enter(recipientCount) {
      const weight = 1 + recipientCount * recipientUnits;
      units += weight;
      windowPeak = Math.max(windowPeak, units);
      const startMs = clock.monotonic();
      let isIn = true;
      const leave = () => {
        if (isIn) units -= weight;
        isIn = false;
      };
      return {
        leave,
        leaveStored() {
          if (!isIn) return;
          const nowMs = clock.monotonic();
          follow(nowMs, nowMs - startMs);
          leave();
        },
      };
    },
    isTight: () => units >= limit * tightShare,
    figures: () => ({ units, limit }),
  };
}

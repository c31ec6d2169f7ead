/** Limits as the contract has them. */
import type { RateLimit } from "../../domain/rate-limit.ts";
import type { RateLimit as PbRateLimit } from "../../gen/smsrelay/v1/account.ts";
import { fromDuration, toDuration } from "./time.ts";

/** Nobody has checked it yet; a window that is missing is 0. */
export function fromRateLimit({ window, messageCount }: PbRateLimit): RateLimit {
  return { windowMs: fromDuration(window) ?? 0, messageCount: Number(messageCount) };
}

export function toRateLimit({ windowMs, messageCount }: RateLimit): PbRateLimit {
  return { window: toDuration(windowMs), messageCount: BigInt(messageCount) };
}

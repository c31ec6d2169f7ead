/** Limits of how many messages go to good recipients in a second, an hour of UTC and a day of UTC: their form. */
import { limitWindows } from "../../domain/limit-windows.ts";
import type { RateLimit } from "../../domain/rate-limit.ts";
import type { Refuse } from "../value-rule.ts";

const mostMessages = 1_000_000_000;
const windows: readonly number[] = Object.values(limitWindows);

/** The limits from the shortest window on; every fault in them is handed to `refuse`, by its path below `field`. */
export function parseRateLimits(
  field: string,
  given: readonly RateLimit[],
  refuse: Refuse,
): readonly RateLimit[] {
  const seen = new Set<number>();
  for (const [index, { windowMs, messageCount }] of given.entries()) {
    const path = `${field}[${index}]`;
    if (!windows.includes(windowMs)) refuse(`${path}.window`, "must be 1 second, 1 hour or 24 hours");
    else if (seen.has(windowMs)) refuse(`${path}.window`, "must be of another length than those before");
    seen.add(windowMs);
    if (!Number.isInteger(messageCount) || messageCount < 1 || messageCount > mostMessages)
      refuse(`${path}.message_count`, `must be 1 to ${mostMessages}`);
  }
  return [...given]
    .sort((a, b) => a.windowMs - b.windowMs)
    .map(({ windowMs, messageCount }) => ({ windowMs, messageCount }));
}

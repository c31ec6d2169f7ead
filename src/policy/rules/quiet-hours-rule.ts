/** The time of the day in which advertisement is not sent, by the clock of the recipient's country. It is refused, never held back. */
import { minuteOfDay } from "../minute-of-day.ts";
import type { QuietHours } from "../policy.ts";
import { zoneOfCountry } from "../zone-of-country.ts";
import type { RecipientRuleMaker } from "./rule.ts";

const minuteMs = 60_000;
const minutesOfDay = 1_440;
/** Clocks are put forward and back by multiples of it. */
const leapMs = 30 * minuteMs;
/** For numbers without a country. */
const anyZone = "UTC";

export const quietHoursRule: RecipientRuleMaker = ({ quietHours }) => {
  if (quietHours === undefined) return undefined;
  return ({ country, contentCategory, nowMs }) => {
    if (contentCategory !== "ADVERTISEMENT") return undefined;
    const zone = (country === undefined ? undefined : zoneOfCountry[country]) ?? anyZone;
    const endMs = endOfQuiet(quietHours, zone, nowMs);
    if (endMs === undefined) return undefined;
    return {
      rule: "QUIET_HOURS",
      code: "INVALID_CONTENT_CATEGORY",
      description: "is not sent advertisement at this time of its day",
      retryAfterMs: endMs - nowMs,
    };
  };
};

/** When the quiet hours end that `nowMs` is in; undefined where it is in none. */
function endOfQuiet(hours: QuietHours, zone: string, nowMs: number): number | undefined {
  let endMs: number | undefined;
  let timeMs = nowMs;
  // A clock that is put back meanwhile makes the first guess wrong, and the second right.
  for (let guess = 0; guess < 3; guess++) {
    const minute = minuteOfDay(zone, timeMs);
    if (!isQuiet(hours, minute)) return endMs && withoutLeap(hours, zone, nowMs, endMs);
    const left = (hours.untilMinute - minute + minutesOfDay) % minutesOfDay;
    endMs = Math.floor(timeMs / minuteMs) * minuteMs + left * minuteMs;
    timeMs = endMs;
  }
  return endMs;
}

/** Back to the first minute that is not quiet, where a clock was put forward on the way. */
function withoutLeap(hours: QuietHours, zone: string, fromMs: number, endMs: number): number {
  let firstMs = endMs;
  while (firstMs - leapMs > fromMs && !isQuiet(hours, minuteOfDay(zone, firstMs - leapMs))) firstMs -= leapMs;
  return firstMs;
}

function isQuiet({ fromMinute, untilMinute }: QuietHours, minute: number): boolean {
  return fromMinute < untilMinute
    ? minute >= fromMinute && minute < untilMinute
    : minute >= fromMinute || minute < untilMinute;
}

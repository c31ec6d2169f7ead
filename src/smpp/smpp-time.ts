/** Times as SMPP writes them (SMPP 3.4 §7.1.1): absolute `YYMMDDhhmmsstnnp` and relative `YYMMDDhhmmss000R`. */

const QUARTER_HOUR_MS = 900_000;
const DAY_MS = 86_400_000;
/** The longest relative time written here, since a month has no fixed length. */
const MAX_RELATIVE_MS = 31 * DAY_MS;

/** A time that was read: a moment, or a duration from the SMSC's present. */
export type SmppTime =
  | { readonly kind: "absolute"; readonly timeMs: number }
  | { readonly kind: "relative"; readonly durationMs: number };

function two(value: number): string {
  return value < 10 ? `0${value}` : `${value}`;
}

/** `YYMMDDhhmm` of a moment in UTC. */
export function formatMinute(at: Date): string {
  const date = `${two(at.getUTCFullYear() % 100)}${two(at.getUTCMonth() + 1)}${two(at.getUTCDate())}`;
  return `${date}${two(at.getUTCHours())}${two(at.getUTCMinutes())}`;
}

/** Writes a moment as UTC, `YYMMDDhhmmss000+`, cut to the second. Throws a RangeError outside 2000 to 2099. */
export function formatAbsoluteTime(timeMs: number): string {
  const at = new Date(timeMs);
  const year = at.getUTCFullYear() - 2000;
  if (!(year >= 0 && year < 100)) throw new RangeError(`${timeMs} is outside the years 2000 to 2099`);
  return `${formatMinute(at)}${two(at.getUTCSeconds())}000+`;
}

/**
 * Writes a duration as `0000DDhhmmss000R`, rounded up to the second, so that nothing ends before its time. Throws a
 * RangeError below zero and above 31 days.
 */
export function formatRelativeTime(durationMs: number): string {
  if (!(durationMs >= 0 && durationMs <= MAX_RELATIVE_MS)) {
    throw new RangeError(`${durationMs} ms is no duration of 0 to 31 days`);
  }
  const seconds = Math.ceil(durationMs / 1_000);
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor(seconds / 3_600) % 24;
  return `0000${two(days)}${two(hours)}${two(Math.floor(seconds / 60) % 60)}${two(seconds % 60)}000R`;
}

const FORM = /^\d{15}[+\-R]$/;

/** A moment from its parts; undefined when the calendar has no such moment. */
export function utcMoment(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): number | undefined {
  const timeMs = Date.UTC(year, month - 1, day, hour, minute, second);
  const at = new Date(timeMs);
  const isReal = at.getUTCMonth() === month - 1 && at.getUTCDate() === day && at.getUTCHours() === hour;
  return isReal && minute < 60 && second < 60 ? timeMs : undefined;
}

/**
 * Reads a time of either form; undefined when it is neither. Absolute times carry a difference to UTC in quarter hours;
 * two-digit years are of this century. Relative years count 365 days and months 30.
 */
export function parseSmppTime(text: string): SmppTime | undefined {
  if (!FORM.test(text)) return undefined;
  const twoAt = (at: number) => (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48;
  const [year, month, day] = [twoAt(0), twoAt(2), twoAt(4)];
  const [hour, minute, second] = [twoAt(6), twoAt(8), twoAt(10)];
  const tenths = text.charCodeAt(12) - 48;
  const quarters = twoAt(13);
  if (text.endsWith("R")) {
    const days = year * 365 + month * 30 + day;
    return {
      kind: "relative",
      durationMs: days * DAY_MS + hour * 3_600_000 + minute * 60_000 + second * 1_000,
    };
  }
  const local = utcMoment(2000 + year, month, day, hour, minute, second);
  if (local === undefined || quarters > 48) return undefined;
  const differenceMs = quarters * QUARTER_HOUR_MS * (text.endsWith("+") ? 1 : -1);
  return { kind: "absolute", timeMs: local + tenths * 100 - differenceMs };
}

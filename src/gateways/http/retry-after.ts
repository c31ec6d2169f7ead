/** Retry-After, in seconds or as a date (RFC 9110 §10.2.3). */

const longestMs = 3_600_000;

/** Milliseconds from now, an hour at most; undefined where there is none that can be read. */
export function readRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  const text = value?.trim() ?? "";
  if (/^[0-9]{1,9}$/.test(text)) return Math.min(Number(text) * 1_000, longestMs);
  const isDate = /^[A-Z][a-z]{2,8}, /.test(text);
  const timeMs = isDate ? Date.parse(text) : Number.NaN;
  return Number.isNaN(timeMs) ? undefined : Math.min(Math.max(0, timeMs - nowMs), longestMs);
}

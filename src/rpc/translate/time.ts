/** Times and durations between the contract and milliseconds. */
import type { Duration } from "../../gen/google/protobuf/duration.ts";

/** google.protobuf.Duration's own range: ±315,576,000,000 seconds, nanos of the same sign and below a second. */
const mostSeconds = 315_576_000_000n;
const nanosInSecond = 1_000_000_000;

/** Milliseconds, fractions kept; NaN where the duration breaks its own rules; undefined where it is unset. */
export function fromDuration(duration: Duration | undefined): number | undefined {
  if (duration === undefined) return undefined;
  const { seconds, nanos } = duration;
  const isInRange = seconds >= -mostSeconds && seconds <= mostSeconds && Math.abs(nanos) < nanosInSecond;
  const isOneSign = seconds === 0n || nanos === 0 || seconds > 0n === nanos > 0;
  return isInRange && isOneSign ? Number(seconds) * 1_000 + nanos / 1_000_000 : Number.NaN;
}

export function toDuration(ms: number): Duration {
  const seconds = Math.trunc(ms / 1_000);
  return { seconds: BigInt(seconds), nanos: Math.round((ms - seconds * 1_000) * 1_000_000) };
}

/** How long a submitted delivery took until it ended; clocks of replicas may differ. */
export function toLatency(submitTimeMs: number | undefined, endTimeMs: number | undefined) {
  if (submitTimeMs === undefined || endTimeMs === undefined) return undefined;
  return toDuration(Math.max(0, endTimeMs - submitTimeMs));
}

export function toDate(ms: number): Date;
export function toDate(ms: number | undefined): Date | undefined;
export function toDate(ms: number | undefined): Date | undefined {
  return ms === undefined ? undefined : new Date(ms);
}

/** Milliseconds since the epoch; NaN where the timestamp is outside of the range. */
export function fromDate(date: Date | undefined): number | undefined {
  return date?.getTime();
}

/**
 * Deadlines that are further away than the stack can count. It keeps the milliseconds of `grpc-timeout` in 32 bits with a sign and takes
 * the last eight digits of a longer number: a call with `597H` was answered DEADLINE_EXCEEDED at once, and its message sent all the same.
 * Such a header is rewritten before the stack reads it, within what it can count; all others stay as they came.
 */
import { subscribe } from "node:diagnostics_channel";

const header = "grpc-timeout";
const form = /^([0-9]+)([HMSmun])$/;
const msByUnit = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 0.001, n: 0.000_001 } as const;
/** As many as the protocol allows. */
const mostDigits = 8;
const longestMs = 2 ** 31 - 1;

/** The header to read instead; undefined where the stack reads this one right. */
export function countableTimeout(value: string): string | undefined {
  const [, digits, unit] = form.exec(value) ?? [];
  if (digits === undefined || unit === undefined) return undefined;
  const ms = Number(digits) * msByUnit[unit as keyof typeof msByUnit];
  if (digits.length <= mostDigits && ms <= longestMs) return undefined;
  const near = Math.min(ms, longestMs);
  return near < 10 ** mostDigits ? `${Math.floor(near)}m` : `${Math.floor(near / 1_000)}S`;
}

let isWatching = false;

/** From now on, for all calls of HTTP/2 servers in this process; harmless when repeated. */
export function boundFarDeadlines(): void {
  if (isWatching) return;
  isWatching = true;
  // The headers are the object that the server's listeners are given afterwards.
  subscribe("http2.server.stream.created", (message) => {
    const { headers } = message as { readonly headers?: Record<string, unknown> };
    const value = headers?.[header];
    if (typeof value !== "string") return;
    const countable = countableTimeout(value);
    if (headers !== undefined && countable !== undefined) headers[header] = countable;
  });
}

/** Durations as the contract has them. */
import type { Duration } from "../../gen/google/protobuf/duration.ts";

export function durationOf(ms: number): Duration {
  return { seconds: BigInt(Math.floor(ms / 1_000)), nanos: (ms % 1_000) * 1e6 };
}

/** The bound on segments: too many are refused, and nothing is ever cut off (P28). */
import type { EncodingProfile, PlanOptions, PlanResult } from "./message-plan.ts";
import { MAX_PARTS } from "./segment-budget.ts";

type TooMany = Extract<PlanResult, { kind: "too_many_segments" }>;

/** The refusal of so many segments, with the lower of the two limits; undefined where both allow them. */
export function refuseTooMany(
  segmentCount: number,
  options: PlanOptions,
  profile: EncodingProfile,
): TooMany | undefined {
  const requested = Math.min(options.maxSegments, MAX_PARTS);
  const limit = Math.min(requested, profile.maxSegments);
  if (segmentCount <= limit) return undefined;
  const limitedBy = requested <= profile.maxSegments ? "request" : "gateway";
  return { kind: "too_many_segments", segmentCount, limit, limitedBy };
}

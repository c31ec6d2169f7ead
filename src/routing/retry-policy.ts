/**
 * Decides where a delivery goes after an attempt that did not end it, and when. First it is tried twice more at the same gateway with
 * jittered backoff (not in the OTP lane), then at the next candidate, then in another round, until its time is over. Nothing is left only
 * where every candidate has refused for good.
 */
import type { GatewayId } from "../domain/ids.ts";
import type { DeliveryProgress, Lane } from "../domain/message.ts";
import type { Candidate } from "./select-gateways.ts";

export interface RetrySettings {
  /** Temporary refusals that are retried at the same gateway before the next is tried. */
  readonly retriesHere: Readonly<Record<Lane, number>>;
  /** First wait; doubles with each further refusal by the same gateway. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** Sessions that a gateway may lose with parts of a delivery in doubt before those are left to another gateway. */
  readonly maxLosses: number;
  /** How long to wait for a gateway that has a part in doubt before another one sends all parts. */
  readonly failoverAfterMs: number;
}

export const defaultRetrySettings: RetrySettings = {
  retriesHere: { OTP: 0, NORMAL: 2, BULK: 2 },
  backoffMs: 1_000,
  maxBackoffMs: 60_000,
  maxLosses: 3,
  failoverAfterMs: 3_000,
};

/** Whether a gateway has been given parts of a delivery in doubt as often as it may (P50): it gets no further copy. */
export function isSpentAt(
  gatewayId: GatewayId,
  progress: DeliveryProgress,
  maxResends: number,
  settings: RetrySettings,
): boolean {
  const doubts = progress.doubts?.[gatewayId];
  return doubts !== undefined && (doubts.unanswered > maxResends || doubts.lost > settings.maxLosses);
}

/** How many times a gateway has used up its retries for a delivery. */
export function roundOf(
  gatewayId: GatewayId,
  progress: DeliveryProgress,
  lane: Lane,
  settings: RetrySettings,
): number {
  const refusals = progress.temporaryRefusals[gatewayId];
  return refusals === undefined ? 0 : Math.floor(refusals / (settings.retriesHere[lane] + 1));
}

/**
 * The candidate to try next: of those that can send now (or of all, where none can) the one with the fewest rounds behind it, the earlier
 * one where they are equal. `preferred` wins among equals: the gateway in whose queue the delivery is.
 */
export function chooseCandidate(
  candidates: readonly Candidate[],
  progress: DeliveryProgress,
  lane: Lane,
  preferred: GatewayId | undefined,
  settings: RetrySettings,
): Candidate | undefined {
  let best: Candidate | undefined;
  let bestRank = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const round = roundOf(candidate.gatewayId, progress, lane, settings);
    const isPreferred = candidate.gatewayId === preferred;
    const rank = (candidate.notNow === undefined ? 0 : 1e9) + round * 2 + (isPreferred ? 0 : 1);
    if (rank < bestRank) {
      best = candidate;
      bestRank = rank;
    }
  }
  return best;
}

/** How long to wait before trying a gateway again that has refused `refusals` times; half of it is jitter. `random` is in [0, 1). */
export function backoffMs(refusals: number, random: number, settings: RetrySettings): number {
  if (refusals <= 0) return 0;
  const full = Math.min(settings.maxBackoffMs, settings.backoffMs * 2 ** Math.min(refusals - 1, 30));
  return Math.round(full / 2 + (full / 2) * random);
}

/** Ends as UNKNOWN what was SUBMITTED and got no receipt in time (P11). */
import type { DataClock } from "../../observability/data-clock.ts";
import type { Logger } from "../../observability/logger.ts";
import { countAll } from "../../store/state-counts.ts";
import type { Store } from "../../store/store.ts";
import { type BackgroundService, createBackgroundService } from "./background-service.ts";

export interface SilenceWatchDependencies {
  readonly store: Pick<Store, "endSilent">;
  readonly clock: DataClock;
  readonly log: Logger;
  /** How long to wait for receipts after a delivery's validity. */
  readonly receiptGraceMs: number;
  readonly everyMs?: number;
  readonly limit?: number;
}

export function createSilenceWatch(dependencies: SilenceWatchDependencies): BackgroundService {
  const { store, clock, receiptGraceMs, everyMs = 10_000, limit = 500 } = dependencies;
  const tick = async () => {
    const nowMs = clock.sweepTimeMs();
    if (nowMs === undefined) return false;
    return countAll(await store.endSilent(nowMs, receiptGraceMs, limit)) >= limit;
  };
  return createBackgroundService({ name: "silence-watch", everyMs, tick }, dependencies);
}

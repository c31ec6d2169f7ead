/** Ends what waits past its time. What is claimed is checked where it is sent, and claims end what they meet. */
import type { DataClock } from "../../observability/data-clock.ts";
import type { Logger } from "../../observability/logger.ts";
import { countAll } from "../../store/state-counts.ts";
import type { Store } from "../../store/store.ts";
import { type BackgroundService, createBackgroundService } from "./background-service.ts";

export interface ExpirerDependencies {
  readonly store: Pick<Store, "expireDue">;
  readonly clock: DataClock;
  readonly log: Logger;
  readonly everyMs?: number;
  /** Deliveries in one step, so that no commit grows long. */
  readonly limit?: number;
}

export function createExpirer(dependencies: ExpirerDependencies): BackgroundService {
  const { store, clock, everyMs = 1_000, limit = 500 } = dependencies;
  const tick = async () => {
    const nowMs = clock.sweepTimeMs();
    if (nowMs === undefined) return false;
    return countAll(await store.expireDue(nowMs, limit)) >= limit;
  };
  return createBackgroundService({ name: "expirer", everyMs, tick }, dependencies);
}

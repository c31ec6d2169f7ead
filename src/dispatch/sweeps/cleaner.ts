/** Erases and deletes what retention has passed, in small commits with room for others between them. */
import type { DataClock } from "../../observability/data-clock.ts";
import type { Logger } from "../../observability/logger.ts";
import type { Retention } from "../../store/cleaning.ts";
import type { Store } from "../../store/store.ts";
import { type BackgroundService, createBackgroundService } from "./background-service.ts";

export interface CleanerDependencies {
  readonly store: Pick<Store, "clean">;
  readonly clock: DataClock;
  readonly log: Logger;
  readonly retention: () => Retention;
  readonly everyMs?: number;
  /** Rows in one commit. */
  readonly limit?: number;
}

export function createCleaner(dependencies: CleanerDependencies): BackgroundService {
  const { store, clock, retention, everyMs = 60_000, limit = 500 } = dependencies;
  const tick = async (signal: AbortSignal) => {
    const nowMs = clock.sweepTimeMs();
    if (nowMs !== undefined) await store.clean(nowMs, retention(), limit, signal);
    return false;
  };
  return createBackgroundService({ name: "cleaner", everyMs, tick }, dependencies);
}

/** Frees what was claimed by processes that are gone. One process on one file has nothing to free; replicas do. */
import type { Clock } from "../../observability/clock.ts";
import type { Logger } from "../../observability/logger.ts";
import type { Store } from "../../store/store.ts";
import { tellRecovery } from "../tell-recovery.ts";
import { type BackgroundService, createBackgroundService } from "./background-service.ts";

export interface RescuerDependencies {
  readonly store: Pick<Store, "rescue">;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called when something was freed, so that the loops ask the store. */
  readonly onRescued: () => void;
  readonly everyMs?: number;
}

export function createRescuer(dependencies: RescuerDependencies): BackgroundService {
  const { store, clock, log, onRescued, everyMs = 5_000 } = dependencies;
  const tick = async () => {
    const recovery = await store.rescue(clock.now());
    if (recovery.claimsVoided > 0) {
      tellRecovery(log, recovery, "Claims of a process that is gone were freed.");
      onRescued();
    }
    return false;
  };
  return createBackgroundService({ name: "rescuer", everyMs, tick }, dependencies);
}

/** Brings deliveries that wait for a gateway which left the configuration into the queue of one that is there, to be routed again. */
import type { GatewayId } from "../domain/ids.ts";
import type { Clock } from "../observability/clock.ts";
import type { Logger } from "../observability/logger.ts";
import type { Store } from "../store/store.ts";
import { type BackgroundService, createBackgroundService } from "./background-service.ts";

export interface OrphanAdopterDependencies {
  readonly store: Pick<Store, "adoptOrphans">;
  readonly clock: Clock;
  readonly log: Logger;
  /** The gateways of the configuration in force. */
  readonly known: () => readonly GatewayId[];
  /** Something waits for this gateway now. */
  readonly onAdopted: (to: GatewayId) => void;
  readonly everyMs?: number;
  readonly limit?: number;
}

export function createOrphanAdopter(dependencies: OrphanAdopterDependencies): BackgroundService {
  const { store, log, known, onAdopted, everyMs = 10_000, limit = 500 } = dependencies;
  const tick = async () => {
    const gatewayIds = known();
    const [to] = gatewayIds;
    if (to === undefined) return false;
    const count = await store.adoptOrphans(gatewayIds, to, limit);
    if (count > 0) {
      log.info({ count, to }, "Deliveries of gateways that are not configured any more are routed again.");
      onAdopted(to);
    }
    return count >= limit;
  };
  return createBackgroundService({ name: "orphan-adopter", everyMs, tick }, dependencies);
}

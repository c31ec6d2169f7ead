/**
 * Brings deliveries that wait for a gateway which left the configuration into the queue of one that is there, to be routed again: of
 * its own one under a new name, where it has one.
 */
import type { GatewayNames } from "../domain/gateway-names.ts";
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
  readonly names: () => GatewayNames;
  /** Something may wait for these gateways now. */
  readonly onAdopted: (to: readonly GatewayId[]) => void;
  readonly everyMs?: number;
  readonly limit?: number;
}

export interface OrphanAdopter extends BackgroundService {
  /** Adopts all that waits under former names, so that nothing younger leaves before it; nothing where there are none. */
  adoptRenamed(): Promise<void>;
}

export function createOrphanAdopter(dependencies: OrphanAdopterDependencies): OrphanAdopter {
  const { store, log, known, names, onAdopted, everyMs = 10_000, limit = 500 } = dependencies;
  const tick = async () => {
    const gatewayIds = known();
    const { renamed } = names();
    const [to] = gatewayIds;
    if (to === undefined) return false;
    const count = await store.adoptOrphans(gatewayIds, to, limit, renamed);
    if (count > 0) {
      const heirs = [...new Set([to, ...renamed.values()])];
      log.info(
        { count, to: heirs },
        "Deliveries of gateways that are not configured any more are routed again.",
      );
      onAdopted(heirs);
    }
    return count >= limit;
  };
  return {
    ...createBackgroundService({ name: "orphan-adopter", everyMs, tick }, dependencies),
    async adoptRenamed() {
      if (names().renamed.size > 0) while (await tick());
    },
  };
}

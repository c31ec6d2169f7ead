/**
 * Moves deliveries that wait for a gateway which left the configuration into the queue of one that is there, to be routed again; those of a
 * renamed gateway go to its new name. Receipts that were parked under a former name move to today's, too.
 */
import type { GatewayNames } from "../../domain/gateway-names.ts";
import type { GatewayId } from "../../domain/ids.ts";
import type { Clock } from "../../observability/clock.ts";
import type { Logger } from "../../observability/logger.ts";
import type { Store } from "../../store/store.ts";
import { type BackgroundService, createBackgroundService } from "./background-service.ts";

export interface OrphanAdopterDependencies {
  readonly store: Pick<Store, "adoptOrphans" | "renameReceipts">;
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
  /**
   * Adopts what waits under former names, so that nothing younger leaves before it; nothing where there are none. Ends after seconds,
   * however much is left: the sweep brings the rest.
   */
  adoptRenamed(): Promise<void>;
}

/** One round at most, since a replica with another file may be moving the same rows the other way. */
const roundMs = 5_000;

export function createOrphanAdopter(dependencies: OrphanAdopterDependencies): OrphanAdopter {
  const { store, clock, log, known, names, onAdopted, everyMs = 10_000, limit = 500 } = dependencies;
  /** Answers whether more may be left. */
  const move = async () => {
    const gatewayIds = known();
    const { renamed } = names();
    const [to] = gatewayIds;
    if (to === undefined) return false;
    const receipts = renamed.size === 0 ? 0 : await store.renameReceipts(renamed, clock.now(), limit);
    const count = await store.adoptOrphans(gatewayIds, to, limit, renamed);
    if (count > 0) {
      const heirs = [...new Set([to, ...renamed.values()])];
      log.info(
        { count, to: heirs },
        "Deliveries of gateways that are not configured any more are routed again.",
      );
      onAdopted(heirs);
    }
    return count >= limit || receipts >= limit;
  };
  let roundEndMs: number | undefined;
  const tick = async () => {
    roundEndMs ??= clock.monotonic() + roundMs;
    let hasMore = false;
    try {
      hasMore = (await move()) && clock.monotonic() < roundEndMs;
    } finally {
      if (!hasMore) roundEndMs = undefined;
    }
    return hasMore;
  };
  return {
    ...createBackgroundService({ name: "orphan-adopter", everyMs, tick }, dependencies),
    async adoptRenamed() {
      if (names().renamed.size === 0) return;
      const endMs = clock.monotonic() + roundMs;
      while ((await move()) && clock.monotonic() < endMs);
    },
  };
}

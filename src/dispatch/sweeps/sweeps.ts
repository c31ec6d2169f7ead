/**
 * What is looked for from time to time over the whole store, in small steps with room for others between them. It is what is past its time,
 * what got no receipt, what a process that is gone has held, what waits for gateways that are gone, and what is old enough to go.
 */
import type { GatewayNames } from "../../domain/gateway-names.ts";
import type { GatewayId } from "../../domain/ids.ts";
import type { Clock } from "../../observability/clock.ts";
import type { DataClock } from "../../observability/data-clock.ts";
import type { Logger } from "../../observability/logger.ts";
import type { Retention } from "../../store/cleaning.ts";
import { countAll } from "../../store/state-counts.ts";
import type { Store } from "../../store/store.ts";
import { tellRecovery } from "../tell-recovery.ts";
import { type BackgroundService, createBackgroundService } from "./background-service.ts";

interface SweepDeps<Call extends keyof Store, Time extends Clock = DataClock> {
  readonly store: Pick<Store, Call>;
  readonly clock: Time;
  readonly log: Logger;
  readonly everyMs?: number;
  /** Rows of one step, so that no commit grows long. */
  readonly limit?: number;
}

/** Ends what waits past its time. What is claimed is checked where it is sent, and claims end what they meet. */
export function createExpirer(deps: SweepDeps<"expireDue">): BackgroundService {
  const { store, clock, everyMs = 1_000, limit = 500 } = deps;
  const tick = async () => {
    const nowMs = clock.sweepTimeMs();
    if (nowMs === undefined) return false;
    return countAll(await store.expireDue(nowMs, limit)) >= limit;
  };
  return createBackgroundService({ name: "expirer", everyMs, tick }, deps);
}

export interface SilenceWatchDeps extends SweepDeps<"endSilent"> {
  /** How long to wait for receipts after a delivery's validity. */
  readonly receiptGraceMs: number;
}

/** Ends as UNKNOWN what was SUBMITTED and got no receipt in time (P11). */
export function createSilenceWatch(deps: SilenceWatchDeps): BackgroundService {
  const { store, clock, receiptGraceMs, everyMs = 10_000, limit = 500 } = deps;
  const tick = async () => {
    const nowMs = clock.sweepTimeMs();
    if (nowMs === undefined) return false;
    return countAll(await store.endSilent(nowMs, receiptGraceMs, limit)) >= limit;
  };
  return createBackgroundService({ name: "silence-watch", everyMs, tick }, deps);
}

export interface RescuerDeps extends SweepDeps<"rescue", Clock> {
  /** Called when something was freed, so that the loops ask the store. */
  readonly onRescued: () => void;
}

/** Frees what was claimed by processes that are gone. One process on one file has nothing to free; replicas do. */
export function createRescuer(deps: RescuerDeps): BackgroundService {
  const { store, clock, log, onRescued, everyMs = 5_000 } = deps;
  const tick = async () => {
    const recovery = await store.rescue(clock.now());
    if (recovery.claimsVoided > 0) {
      tellRecovery(log, recovery, "Claims of a process that is gone were freed.");
      onRescued();
    }
    return false;
  };
  return createBackgroundService({ name: "rescuer", everyMs, tick }, deps);
}

export interface OrphanAdopterDeps extends SweepDeps<"adoptOrphans" | "renameReceipts", Clock> {
  /** The gateways of the configuration in force. */
  readonly known: () => readonly GatewayId[];
  readonly names: () => GatewayNames;
  /** Something may wait for these gateways now. */
  readonly onAdopted: (to: readonly GatewayId[]) => void;
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

/**
 * Moves deliveries that wait for a gateway which left the configuration into the queue of one that is there, to be routed again; those of a
 * renamed gateway go to its new name. Receipts that were parked under a former name move to today's, too.
 */
export function createOrphanAdopter(deps: OrphanAdopterDeps): OrphanAdopter {
  const { store, clock, log, known, names, onAdopted, everyMs = 10_000, limit = 500 } = deps;
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
    ...createBackgroundService({ name: "orphan-adopter", everyMs, tick }, deps),
    async adoptRenamed() {
      if (names().renamed.size === 0) return;
      const endMs = clock.monotonic() + roundMs;
      while ((await move()) && clock.monotonic() < endMs);
    },
  };
}

export interface CleanerDeps
  extends SweepDeps<"clean" | "deleteEndedSuppressions" | "deletePastGuardCounts"> {
  readonly retention: () => Retention;
}

/** Erases and deletes what retention has passed, suppressions that have ended, and what was counted of hours that are over. */
export function createCleaner(deps: CleanerDeps): BackgroundService {
  const { store, clock, retention, everyMs = 60_000, limit = 500 } = deps;
  const tick = async (signal: AbortSignal) => {
    const nowMs = clock.sweepTimeMs();
    if (nowMs === undefined) return false;
    await store.clean(nowMs, retention(), limit, signal);
    while (!signal.aborted && (await store.deleteEndedSuppressions(nowMs, limit)) >= limit);
    // Whose clock is a little behind still counts in the hour before.
    const hour = Math.floor(nowMs / 3_600_000) - 1;
    while (!signal.aborted && (await store.deletePastGuardCounts(hour, limit)) >= limit);
    return false;
  };
  return createBackgroundService({ name: "cleaner", everyMs, tick }, deps);
}

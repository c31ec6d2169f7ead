/**
 * The steps that repeat beside the dispatcher: expiry, silence, orphans, rescue, receipts that waited, cleaning, and looks at what others
 * did.
 */
import { type Looking, lookEveryMs } from "../app/followed.ts";
import { createParkedReceiptTaker } from "../app/reports/take-parked-receipts.ts";
import type { Config } from "../config/schema.ts";
import type { Dispatcher } from "../dispatch/dispatcher.ts";
import { type BackgroundService, createBackgroundService } from "../dispatch/sweeps/background-service.ts";
import {
  createCleaner,
  createExpirer,
  createOrphanAdopter,
  createRescuer,
  createSilenceWatch,
} from "../dispatch/sweeps/sweeps.ts";
import type { DataClock } from "../observability/data-clock.ts";
import type { Logger } from "../observability/logger.ts";
import type { Retention } from "../store/cleaning.ts";
import type { Store } from "../store/store.ts";
import type { GatewayPool } from "./gateways/gateway-pool.ts";

export interface BackgroundDeps {
  readonly config: Pick<Config, "retention" | "receiptGrace">;
  readonly store: Store;
  readonly clock: DataClock;
  readonly log: Logger;
  readonly pool: GatewayPool;
  readonly dispatcher: Dispatcher;
  /** What is looked at again, so that what other processes wrote is in effect here. */
  readonly followed: readonly Looking[];
}

function retentionOf({ retention }: Pick<Config, "retention">): Retention {
  return {
    bodiesMs: retention.bodies,
    reportsMs: retention.reports,
    messagesMs: retention.messages,
    requestIdsMs: retention.requestIds,
    parkedReceiptsMs: retention.parkedReceipts,
    referencesMs: retention.references,
    smscIdsMs: retention.smscIds,
    auditMs: retention.audit,
  };
}

export interface Background {
  /** Brings what waits under former names of gateways to those of today. */
  readonly adoptRenamed: () => Promise<void>;
  /** Stops all, and waits for the steps that are running. */
  readonly stop: () => Promise<void>;
}

/** Starts them all. */
export function startBackground(deps: BackgroundDeps): Background {
  const { config, store, clock, log, pool, dispatcher, followed } = deps;
  const shared = { store, clock, log };
  const retention = retentionOf(config);
  const known = () => [...pool.entries().keys()];
  const wakeAll = () => {
    for (const id of known()) dispatcher.wake(id);
  };
  const adopter = createOrphanAdopter({
    ...shared,
    known,
    names: pool.names,
    onAdopted: (ids) => {
      for (const id of ids) dispatcher.wake(id);
    },
  });
  // Each by itself: a look that hangs keeps no other from the store.
  const followers = followed.map((part) => {
    const tick = async () => {
      await part.look();
      return false;
    };
    return createBackgroundService({ name: "follower", everyMs: lookEveryMs, tick }, shared);
  });
  // Deliveries that others queued; nothing comes where one process has the store for itself.
  const stopListening = store.onWaiting((gatewayId) => {
    if (gatewayId === undefined) wakeAll();
    else dispatcher.wake(gatewayId);
  });
  const services: readonly BackgroundService[] = [
    ...followers,
    createExpirer(shared),
    createSilenceWatch({ ...shared, receiptGraceMs: config.receiptGrace }),
    adopter,
    createRescuer({ ...shared, onRescued: wakeAll }),
    createParkedReceiptTaker({ ...shared, onOvertaken: (id) => dispatcher.drop(id) }),
    createCleaner({ ...shared, retention: () => retention }),
  ];
  for (const service of services) service.start();
  return {
    adoptRenamed: adopter.adoptRenamed,
    async stop() {
      stopListening();
      await Promise.all(services.map((service) => service.stop()));
    },
  };
}

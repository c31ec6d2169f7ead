/** The composition root: where the service is put together. It and its folder are the only place that knows concrete adapters. */
import type { FirstKeys } from "./compose/first-keys.ts";
import { makeStoreFolder, openStore } from "./compose/open-store.ts";
import { refuseTakenPorts } from "./compose/refuse-taken-ports.ts";
import type { Config } from "./config/schema.ts";
import type { Clock } from "./observability/clock.ts";
import { createDataClock } from "./observability/data-clock.ts";
import type { Logger } from "./observability/logger.ts";

export interface ServiceDeps {
  readonly clock: Clock;
  readonly log: Logger;
  /** Starts on a file that was copied into a database, too. */
  readonly startsCopied?: boolean | undefined;
}

export interface Service {
  readonly grpcPort: number;
  readonly httpPort: number;
  /** Where the keys lie that this start made; undefined where none was missing. */
  readonly firstKeys: FirstKeys | undefined;
  /**
   * Takes the gateways and the certificates of another configuration; everything else in it waits for a restart. Where the listener's
   * certificate cannot be used it rejects, and everything stays as it is.
   */
  reload(config: Config): Promise<void>;
  /** Drains and stops within `shutdown.grace`. Harmless when repeated. */
  stop(): Promise<void>;
}

/** Starts the service; resolves once it takes calls. What was started is stopped again where a later part fails. */
export async function startService(config: Config, deps: ServiceDeps): Promise<Service> {
  await refuseTakenPorts(config.listen);
  await makeStoreFolder(config.store.path);
  // The store's threads start while this one reads the rest of the program.
  const storeDeps = { ...deps, clock: createDataClock(deps.clock, deps.log) };
  const opening = openStore(config, storeDeps);
  const importing = import("./compose/start-parts.ts");
  const [opened, imported] = await Promise.allSettled([opening, importing]);
  if (opened.status === "fulfilled" && imported.status === "rejected") await opened.value.close();
  const { startParts } = await importing;
  return startParts(config, await opening, storeDeps);
}

/** The composition root: where the service is put together. It and its folder are the only place that knows concrete adapters. */

import { refuseTakenPorts } from "./compose/refuse-taken-ports.ts";
import type { Service, ServiceDeps } from "./compose/service.ts";
import { makeStoreFolder, openStore } from "./compose/stores/open-store.ts";
import type { Config } from "./config/schema.ts";
import { createDataClock } from "./observability/data-clock.ts";

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

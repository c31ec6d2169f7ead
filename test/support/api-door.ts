/** The listener of the HTTP API with routes of a test's own. */

import { createMetrics } from "../../src/compose/metrics/metrics.ts";
import { type ApiDoor, type ApiDoorDeps, openApiDoor } from "../../src/http/api/api-door.ts";
import { systemClock } from "../../src/observability/clock.ts";
import { silentLogger } from "../../src/observability/logger.ts";

export interface OpenDoor extends AsyncDisposable {
  readonly door: ApiDoor;
  readonly url: string;
  /** What was counted under a path and a status. */
  count(path: string, status: number): number;
}

export async function openTestDoor({ listen, ...deps }: Partial<ApiDoorDeps> = {}): Promise<OpenDoor> {
  const metrics = createMetrics();
  const door = await openApiDoor({
    listen: { host: "127.0.0.1", port: 0, allowPlaintext: false, ...listen },
    connections: { maxConnections: 100, maxStrangers: 50, maxOfAccount: 50 },
    routes: [],
    clock: systemClock,
    log: silentLogger,
    refusals: metrics.refusals,
    requests: metrics.apiRequests,
    ...deps,
  });
  return {
    door,
    url: `http${listen?.tls === undefined ? "" : "s"}://127.0.0.1:${door.port}`,
    count: (path, status) => metrics.apiRequests.value(path, String(status)),
    async [Symbol.asyncDispose]() {
      await door.stop(0);
      metrics.stop();
    },
  };
}

/** A pool of gateways of the configuration, which run on a clock of the test's and in no service. */
import { createGatewayPool, type GatewayPool } from "../../src/compose/gateways/gateway-pool.ts";
import { createMetrics } from "../../src/compose/metrics/metrics.ts";
import { type GatewayConfig, gatewaySchema } from "../../src/config/gateway-schema.ts";
import { silentLogger } from "../../src/observability/logger.ts";
import type { FakeClock } from "./fake-clock.ts";

const schema = gatewaySchema({ readVariable: (name) => name, readFile: (path) => path });

export const gatewayConfig = (id: string, more: object = {}): GatewayConfig =>
  schema.parse({ id, kind: "smpp", host: "smsc", systemId: "acme", password: "x", ...more });

export function createTestPool(clock: FakeClock): GatewayPool {
  const metrics = createMetrics();
  metrics.stop();
  return createGatewayPool({
    clock,
    random: () => 0.5,
    log: silentLogger,
    mayWrite: () => true,
    isBoundElsewhere: () => false,
    proofOf: () => ({ hasBound: async () => undefined, noteBound: () => undefined }),
    metrics,
  });
}

/**
 * What other replicas do and this one has to know: deliveries that they queue, gateways that they pause and resume. Nothing comes
 * where one process owns the store.
 */

import type { Dispatcher } from "../dispatch/dispatcher.ts";
import type { BackgroundService } from "../dispatch/sweeps/background-service.ts";
import { createBackgroundService } from "../dispatch/sweeps/background-service.ts";
import type { Clock } from "../observability/clock.ts";
import type { Logger } from "../observability/logger.ts";
import type { Store } from "../store/store.ts";
import type { GatewayPanel } from "./gateways/gateway-panel.ts";
import type { GatewayPool } from "./gateways/gateway-pool.ts";

export interface FollowReplicasDeps {
  readonly store: Pick<Store, "onWaiting" | "pausedGateways">;
  readonly pool: Pick<GatewayPool, "entries">;
  readonly dispatcher: Pick<Dispatcher, "wake">;
  readonly panel: Pick<GatewayPanel, "applyPauses" | "orders">;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A pause is in effect everywhere within a second. */
const everyMs = 500;

/** Starts following; the answer ends it and waits for the step that is running. */
export function followReplicas(deps: FollowReplicasDeps): () => Promise<void> {
  const { store, pool, dispatcher, panel } = deps;
  const stopListening = store.onWaiting((gatewayId) => {
    if (gatewayId !== undefined) dispatcher.wake(gatewayId);
    else for (const id of pool.entries().keys()) dispatcher.wake(id);
  });
  const pauses: BackgroundService = createBackgroundService(
    {
      name: "pause follower",
      everyMs,
      tick: async () => {
        const { orders } = panel;
        panel.applyPauses(await store.pausedGateways(), orders);
        return false;
      },
    },
    deps,
  );
  pauses.start();
  return async () => {
    stopListening();
    await pauses.stop();
  };
}

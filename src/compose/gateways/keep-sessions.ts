/** Starts and stops gateways with the sessions that are this process's, and stops former ones beside those that take their place. */
import type { Dispatcher } from "../../dispatch/dispatcher.ts";
import { SessionKeeper } from "../../dispatch/sessions/session-keeper.ts";
import type { Gateway, GatewayListener } from "../../gateways/gateway.ts";
import type { Clock } from "../../observability/clock.ts";
import type { Logger } from "../../observability/logger.ts";
import type { Store } from "../../store/store.ts";
import type { GatewayPanel } from "./gateway-panel.ts";
import type { GatewayPool } from "./gateway-pool.ts";

export interface KeepSessionsDeps {
  readonly store: Pick<Store, "sessions" | "onLeaseLost">;
  readonly pool: GatewayPool;
  readonly dispatcher: Pick<Dispatcher, "setReadyElsewhere" | "listenerFor">;
  readonly panel: Pick<GatewayPanel, "offers" | "onResumedElsewhere">;
  /** What gateways hand on beside their status. */
  readonly recorder: Omit<GatewayListener, "onStatus" | "onRoom">;
  /** What is left for a gateway to stop in. */
  readonly leftMs: () => number;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface KeptSessions extends Pick<SessionKeeper, "isHeld" | "neighbours"> {
  /** Starts the gateways of the pool. */
  start(): void;
  /** Follows a change of the pool. */
  change(added: readonly Gateway[], removed: readonly Gateway[]): void;
  /** Stops all gateways, then lets others have their sessions. */
  stop(): Promise<void>;
}

export function keepSessions(deps: KeepSessionsDeps): KeptSessions {
  const { store, pool, dispatcher, panel, clock, log } = deps;
  const leaving = new Map<Gateway, Promise<void>>();
  const keeper = new SessionKeeper({
    sessions: store.sessions,
    gateways: pool.gateways,
    isClosing: (gatewayId) => [...leaving.keys()].some(({ id }) => id === gatewayId),
    offers: panel.offers,
    setReadyElsewhere: (gatewayId, isReady) => dispatcher.setReadyElsewhere(gatewayId, isReady),
    onResumed: panel.onResumedElsewhere,
    clock,
    log,
  });
  const stopListening = store.onLeaseLost(() => keeper.lapse());

  function startGateway(gateway: Gateway): void {
    const listener = dispatcher.listenerFor(gateway.id);
    const onStatus: GatewayListener["onStatus"] = (status) => {
      listener.onStatus(status);
      keeper.lookSoon();
    };
    const isAlone = store.sessions.replicaId === undefined;
    gateway.start({ ...listener, onStatus, ...deps.recorder }, isAlone ? undefined : []);
  }

  function stopGateway(gateway: Gateway): void {
    const gone = gateway.stop(deps.leftMs()).finally(() => {
      leaving.delete(gateway);
      keeper.lookSoon();
    });
    leaving.set(gateway, gone);
  }

  return {
    isHeld: () => keeper.isHeld(),
    neighbours: (gatewayId) => keeper.neighbours(gatewayId),
    start() {
      for (const gateway of pool.gateways().values()) startGateway(gateway);
      keeper.start();
    },
    change(added, removed) {
      for (const gateway of removed) stopGateway(gateway);
      for (const gateway of added) startGateway(gateway);
      keeper.lookSoon();
    },
    async stop() {
      for (const gateway of pool.gateways().values()) stopGateway(gateway);
      await Promise.all(leaving.values());
      stopListening();
      await keeper.stop();
    },
  };
}

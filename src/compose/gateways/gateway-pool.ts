/** The gateways of the configuration in force, as adapters and as routes, and what changes when the configuration does. */
import { type GatewayConfig, rulesOf } from "../../config/gateway-schema.ts";
import type { DispatchRoute } from "../../dispatch/dispatch-settings.ts";
import { type GatewayNames, gatewayNames } from "../../domain/gateway-names.ts";
import { type GatewayId, toGatewayId } from "../../domain/ids.ts";
import type { Gateway } from "../../gateways/gateway.ts";
import type { CallbackDoor, GatewayParts } from "./gateway-kind.ts";
import { kindOf } from "./kinds.ts";

export interface PooledGateway {
  readonly kind: GatewayConfig["kind"];
  readonly gateway: Gateway;
  readonly route: DispatchRoute;
  /** Paused in the file. */
  readonly isPaused: boolean;
}

export interface PoolChange {
  /** Made now; to be started. */
  readonly added: readonly Gateway[];
  /** Not in the configuration any more, or replaced by one with other settings; to be stopped. */
  readonly removed: readonly Gateway[];
}

export interface GatewayPool {
  readonly entries: () => ReadonlyMap<GatewayId, PooledGateway>;
  readonly gateways: () => ReadonlyMap<GatewayId, Gateway>;
  readonly routes: () => readonly DispatchRoute[];
  readonly names: () => GatewayNames;
  /** Takes another configuration; a gateway whose connection settings did not change goes on, with its rate and window changed at most. */
  replace(configs: readonly GatewayConfig[]): PoolChange;
}

/** Makes an empty pool. */
export function createGatewayPool(parts: GatewayParts): GatewayPool {
  let names = gatewayNames([]);
  let entries: ReadonlyMap<GatewayId, PooledGateway & { readonly identity: string }> = new Map();
  return {
    entries: () => entries,
    gateways: () => new Map([...entries].map(([id, { gateway }]) => [id, gateway])),
    routes: () => [...entries.values()].map(({ route }) => route),
    names: () => names,
    replace(configs) {
      const before = entries;
      const added: Gateway[] = [];
      entries = new Map(
        configs.map((config) => {
          const id = toGatewayId(config.id);
          const adapter = kindOf(config).adapterOf(config);
          const identity = `${config.kind} ${adapter.identity}`;
          const known = before.get(id);
          let gateway = known?.identity === identity ? known.gateway : undefined;
          if (gateway === undefined) {
            parts.metrics.startGateway(id);
            gateway = adapter.make(parts);
            added.push(gateway);
          } else gateway.resize(adapter.window);
          return [
            id,
            {
              kind: config.kind,
              gateway,
              route: routeOf(config, parts.callbacks),
              isPaused: config.paused,
              identity,
            },
          ];
        }),
      );
      names = gatewayNames([...entries.values()].map(({ route }) => route));
      const kept = new Set([...entries.values()].map(({ gateway }) => gateway));
      const removed = [...before.values()]
        .map(({ gateway }) => gateway)
        .filter((gateway) => !kept.has(gateway));
      return { added, removed };
    },
  };
}

/** The rules and the rate. */
function routeOf(config: GatewayConfig, callbacks: CallbackDoor | undefined): DispatchRoute {
  return {
    id: toGatewayId(config.id),
    formerIds: config.formerIds.map(toGatewayId),
    priority: config.priority,
    weight: config.weight,
    rules: rulesOf(config),
    maxResends: config.maxResends,
    pdusPerSecond: config.rate,
    burst: config.burst,
    ...kindOf(config).routeOf(config, callbacks),
  };
}

/** The gateways of the configuration in force, as adapters and as routes, and what changes when the configuration does. */
import type { GatewayConfig } from "../../config/gateway-schema.ts";
import type { DispatchRoute } from "../../dispatch/dispatch-settings.ts";
import { type GatewayNames, gatewayNames } from "../../domain/gateway-names.ts";
import { type GatewayId, toGatewayId } from "../../domain/ids.ts";
import type { Gateway } from "../../gateways/gateway.ts";
import type { SmppGatewaySettings } from "../../gateways/smpp/settings.ts";
import { dispatchRouteOf, smppSettingsOf } from "./gateway-settings.ts";

export interface PooledGateway {
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

/** Makes an empty pool; `make` knows the adapters. */
export function createGatewayPool(make: (settings: SmppGatewaySettings) => Gateway): GatewayPool {
  let names = gatewayNames([]);
  let entries: ReadonlyMap<GatewayId, PooledGateway & { readonly settings: string }> = new Map();
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
          const smpp = smppSettingsOf(config);
          // The window follows the rate where it is not set, and changes while sessions stand.
          const settings = JSON.stringify({ ...smpp, window: undefined });
          const known = before.get(id);
          let gateway = known?.settings === settings ? known.gateway : undefined;
          if (gateway === undefined) {
            gateway = make(smpp);
            added.push(gateway);
          } else gateway.resize(smpp.window);
          return [id, { gateway, route: dispatchRouteOf(config), isPaused: config.paused, settings }];
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

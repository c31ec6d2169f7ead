/** Gateways of kind `http`: what their configuration says to the adapter, and whether a provider can be reached. */
import type { GatewayConfig } from "../../config/gateway-schema.ts";
import { toGatewayId } from "../../domain/ids.ts";
import { createHttpGateway } from "../../gateways/http/create-http-gateway.ts";
import { probeApi } from "../../gateways/http/probe.ts";
import { encodingProfileOf, type HttpGatewaySettings } from "../../gateways/http/settings.ts";
import type { Clock } from "../../observability/clock.ts";
import type { Finding } from "../checks/finding.ts";
import type { GatewayAdapter, GatewayKind } from "./gateway-kind.ts";

type HttpConfig = Extract<GatewayConfig, { readonly kind: "http" }>;

export const httpKind: GatewayKind<HttpConfig> = {
  routeOf: ({ provider }, callbacks) => ({
    expectsReceipts: provider.receipts !== "none" && callbacks !== undefined,
    profile: encodingProfileOf(provider),
  }),
  adapterOf,
  check: checkApi,
};

function settingsOf(config: HttpConfig): HttpGatewaySettings {
  const { provider } = config;
  const usual = Object.entries(provider.account).flatMap(([name, { default: value }]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return {
    id: toGatewayId(config.id),
    provider,
    url: config.url ?? provider.url,
    tokenUrl: config.tokenUrl,
    tls: config.tls,
    account: { ...Object.fromEntries(usual), ...config.account },
    sessions: config.sessions,
    window: config.window,
    connectTimeoutMs: config.connectTimeout,
    responseTimeoutMs: config.responseTimeout,
    ambiguityHoldMs: config.ambiguityHold,
    reconnectMinMs: config.reconnectMin,
    reconnectMaxMs: config.reconnectMax,
  };
}

function adapterOf(config: HttpConfig): GatewayAdapter {
  const settings = settingsOf(config);
  return {
    identity: JSON.stringify({ ...settings, window: undefined }),
    window: settings.window,
    make: ({ clock, random, log, mayWrite, callbacks }) =>
      createHttpGateway(settings, { clock, random, log, mayWrite, callbacks }),
  };
}

/** Connects; where `isBinding`, also fetches an access token, if the API wants one. Nothing is sent. */
async function checkApi(config: HttpConfig, isBinding: boolean, clock: Clock): Promise<readonly Finding[]> {
  const settings = settingsOf(config);
  const subject = `gateway ${config.id}`;
  const outcome = await probeApi(settings, isBinding, clock);
  const { host } = new URL(settings.url);
  if (outcome.kind === "failed") {
    return [{ subject, level: "fail", text: `${host} cannot be reached or used: ${outcome.reason}` }];
  }
  const done =
    outcome.kind === "token"
      ? "takes connections, and its token endpoint these credentials"
      : "takes connections";
  return [{ subject, level: "ok", text: `${host} ${done}` }];
}

/** The kinds of gateways, a line each. Who makes, checks or replaces a gateway asks here, and knows no adapter. */
import type { GatewayConfig } from "../../config/gateway-schema.ts";
import type { GatewayKind } from "./gateway-kind.ts";
import { httpKind } from "./http-kind.ts";
import { smppKind } from "./smpp-kind.ts";

const kinds = {
  http: httpKind,
  smpp: smppKind,
} satisfies { readonly [Kind in GatewayConfig["kind"]]: GatewayKind<Extract<GatewayConfig, { kind: Kind }>> };

export const kindOf = (config: GatewayConfig): GatewayKind<GatewayConfig> => kinds[config.kind];

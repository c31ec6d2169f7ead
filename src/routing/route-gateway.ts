/**
 * The types of routing: what a gateway may carry, and how it is doing. Both are data; `compile-routes.ts` prepares the first once per
 * configuration, and whoever watches the gateways answers the second.
 */
import type { GatewayId } from "../domain/ids.ts";
import type { EncodingProfile } from "../encoding/message-plan.ts";
import type { RouteRules, RuleWord } from "./route-rules.ts";

/** One gateway as routing sees it. */
export interface RouteGateway {
  readonly id: GatewayId;
  /** Lower numbers first. */
  readonly priority: number;
  /** Share among gateways of equal priority; 0 takes only what the others cannot. */
  readonly weight: number;
  readonly rules: RouteRules;
  readonly profile: EncodingProfile;
  /** How often a part that nobody answers is sent again here; 1 where undefined. */
  readonly maxResends?: number | undefined;
}

/** Whether a gateway can send at this moment, and if not, why. */
export type GatewayHealth =
  | { readonly kind: "ready" }
  /** Not by this process, but by another one that has sessions of it: what is routed to it waits in the store and is sent there. */
  | { readonly kind: "elsewhere" }
  | { readonly kind: "connecting"; readonly reason: string }
  | { readonly kind: "stopped"; readonly reason: string }
  | { readonly kind: "held"; readonly reason: string }
  | { readonly kind: "paused"; readonly reason: string }
  | { readonly kind: "circuit_open"; readonly reason: string };

/** Why a gateway may not carry a delivery, whatever its health. */
export type LeftOutReason = RuleWord | "REFUSED_BEFORE" | "ENCODING" | "TOO_MANY_SEGMENTS";

/** Why a candidate cannot send at this moment. */
export type NotNowReason = "DOWN" | "PAUSED" | "CIRCUIT_OPEN" | "HELD";

/**
 * Selects the gateways that may carry a delivery and orders them: a pure function of the delivery, the table and the health
 * of the gateways. Nothing is remembered, so that an explanation given later repeats the decision.
 */
import { assertNever } from "../domain/assert-never.ts";
import type { DeliveryId, GatewayId } from "../domain/ids.ts";
import type { StatusCodeName } from "../domain/status-code.ts";
import type { MessagePlan } from "../encoding/message-plan.ts";
import type { CompiledGateway, Rank, RouteTable } from "./compile-routes.ts";
import type { Plans } from "./plan-memo.ts";
import { hashText, rendezvousScore } from "./rendezvous-hash.ts";
import type { GatewayHealth, LeftOutReason, NotNowReason } from "./route-gateway.ts";
import { findBrokenRule, type RuledDelivery } from "./route-rules.ts";

/** One delivery as routing sees it. */
export interface RouteRequest extends RuledDelivery {
  readonly deliveryId: DeliveryId;
  /** Gateways that refused this delivery for good. */
  readonly refusedBy: readonly GatewayId[];
  readonly plans: Plans;
}

/** A gateway that may carry the delivery. */
export interface Candidate {
  readonly gatewayId: GatewayId;
  readonly plan: MessagePlan;
  /** Why it cannot send at this moment; undefined where it can. */
  readonly notNow: NotNowReason | undefined;
}

export interface LeftOut {
  readonly gatewayId: GatewayId;
  readonly reason: LeftOutReason;
}

export interface Selection {
  /** In the order in which they are to be tried, whatever their health. */
  readonly candidates: readonly Candidate[];
  readonly leftOut: readonly LeftOut[];
  /** The first candidate that can send now, else the first; undefined only where there is no candidate. */
  readonly head: Candidate | undefined;
}

/** The gateways for a delivery. `health` is asked once for each candidate. */
export function selectGateways(
  request: RouteRequest,
  table: RouteTable,
  health: (gatewayId: GatewayId) => GatewayHealth,
): Selection {
  const candidates: Candidate[] = [];
  const leftOut: LeftOut[] = [];
  let head: Candidate | undefined;
  let deliveryHash: number | undefined;
  for (let rank of request.premium ? table.premiumRanks : table.ranks) {
    if (rank.length > 1) {
      deliveryHash ??= hashText(request.deliveryId);
      rank = orderByScore(rank, deliveryHash);
    }
    for (const gateway of rank) {
      const reason = findObstacle(request, gateway);
      if (reason !== undefined) {
        leftOut.push({ gatewayId: gateway.id, reason });
        continue;
      }
      const planned = request.plans.planFor(gateway.profile);
      if (planned.kind !== "planned") {
        const why = planned.kind === "too_many_segments" ? "TOO_MANY_SEGMENTS" : "ENCODING";
        leftOut.push({ gatewayId: gateway.id, reason: why });
        continue;
      }
      const notNow = notNowReason(health(gateway.id));
      const candidate: Candidate = { gatewayId: gateway.id, plan: planned.plan, notNow };
      candidates.push(candidate);
      if (notNow === undefined && head?.notNow !== undefined) head = candidate;
      head ??= candidate;
    }
  }
  return { candidates, leftOut, head };
}

/** The code for a delivery without a candidate: 4026 where the number of segments is what left one out, else 4112. */
export function refusalCodeOf(leftOut: readonly LeftOut[]): StatusCodeName {
  const isTooLong = leftOut.some((entry) => entry.reason === "TOO_MANY_SEGMENTS");
  return isTooLong ? "MAX_SMS_PER_MESSAGE_EXCEEDED" : "NO_ROUTE";
}

/** What keeps a gateway of this health from sending; undefined where nothing does. */
export function notNowReason(health: GatewayHealth): NotNowReason | undefined {
  switch (health.kind) {
    case "ready":
    case "elsewhere":
      return undefined;
    case "connecting":
    case "stopped":
      return "DOWN";
    case "paused":
      return "PAUSED";
    case "circuit_open":
      return "CIRCUIT_OPEN";
    case "held":
      return "HELD";
    default:
      return assertNever(health);
  }
}

/** What keeps the gateway from carrying the delivery, apart from its content: the first rule in a fixed order. */
function findObstacle(request: RouteRequest, { id, rules }: CompiledGateway): LeftOutReason | undefined {
  const word = findBrokenRule(rules, request);
  if (word !== undefined) return word;
  return request.refusedBy.length > 0 && request.refusedBy.includes(id) ? "REFUSED_BEFORE" : undefined;
}

function orderByScore(rank: Rank, deliveryHash: number): Rank {
  const scored = rank.map((gateway) => ({
    gateway,
    score: rendezvousScore(deliveryHash, gateway.hash, gateway.weight),
  }));
  scored.sort((a, b) => b.score - a.score || (a.gateway.id < b.gateway.id ? -1 : 1));
  return scored.map((entry) => entry.gateway);
}

/** Gateways and routes, for operators. */
import type { ExplainedGateway, ExplainRouteInput } from "../../app/explain-route.ts";
import type { GatewayAnswer } from "../../app/gateway-control.ts";
import {
  type Gateway,
  type GatewayReplica,
  GatewayState,
  type RouteCandidate,
} from "../../gen/smsrelay/v1/gateway.ts";
import type { ExplainRouteRequest } from "../../gen/smsrelay/v1/gateway_service.ts";
import type { GatewayHealth } from "../../routing/route-gateway.ts";
import type { ReplicaReport } from "../../store/gateway-sessions.ts";
import { fromWantedEncoding } from "./enums.ts";
import { fromContent } from "./send-sms.ts";
import { toDate } from "./time.ts";

const states = {
  ready: GatewayState.GATEWAY_STATE_READY,
  connecting: GatewayState.GATEWAY_STATE_CONNECTING,
  stopped: GatewayState.GATEWAY_STATE_STOPPED,
  paused: GatewayState.GATEWAY_STATE_PAUSED,
  circuit_open: GatewayState.GATEWAY_STATE_CIRCUIT_OPEN,
  elsewhere: GatewayState.GATEWAY_STATE_ELSEWHERE,
} as const satisfies Record<GatewayHealth["kind"], GatewayState>;

export function toGateway(gateway: GatewayAnswer): Gateway {
  const { health, figures } = gateway;
  return {
    gatewayId: gateway.id,
    state: states[health.kind === "elsewhere" ? "ready" : health.kind],
    reason: "reason" in health ? health.reason : "",
    priority: gateway.priority,
    weight: gateway.weight,
    premium: gateway.isPremium,
    sessionCount: figures.sessions,
    boundSessionCount: figures.boundSessions,
    inFlightCount: figures.inFlight,
    windowSize: figures.windowSize,
    configuredRate: gateway.configuredRate,
    currentRate: gateway.currentRate,
    waitingCount: BigInt(gateway.waitingCount),
    pauseTime: toDate(gateway.pauseTimeMs),
    replicas: gateway.replicas.map(toReplica),
  };
}

function toReplica({ replicaId, report }: ReplicaReport): GatewayReplica {
  return {
    replicaId,
    state: states[report.state],
    reason: report.reason,
    sessionCount: report.ownSessions,
    boundSessionCount: report.boundSessions,
    inFlightCount: report.inFlight,
    windowSize: report.windowSize,
    currentRate: report.pdusPerSecond,
  };
}

export function fromExplainRouteRequest(request: ExplainRouteRequest): ExplainRouteInput {
  return {
    recipient: request.recipient,
    sender: request.sender,
    content: fromContent(request.content),
    fast: request.fast,
    accountId: request.accountId,
    deliveryId: request.deliveryId,
    maxSegments: request.maxSegments,
    encoding: fromWantedEncoding(request.encoding),
    transliterate: request.transliterate,
  };
}

export function toRouteCandidate(gateway: ExplainedGateway): RouteCandidate {
  return {
    gatewayId: gateway.gatewayId,
    rank: gateway.rank,
    reason: gateway.reason ?? "",
    ready: gateway.isReady,
    segmentCount: gateway.segmentCount,
  };
}

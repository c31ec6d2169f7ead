/** Gateways and routes, for operators. */

import type { GatewayAnswer } from "../../app/gateways/create-gateways.ts";
import type { ExplainedGateway, ExplainRouteInput } from "../../app/sending/explain-route.ts";
import {
  type Gateway,
  type GatewayReplica,
  GatewayState,
  type RouteCandidate,
} from "../../gen/smsrelay/v1/gateway.ts";
import type { ExplainRouteRequest } from "../../gen/smsrelay/v1/gateway_service.ts";
import type { GatewayHealth } from "../../routing/route-gateway.ts";
import type { ReplicaReport } from "../../store/gateway-sessions.ts";
import { fromSendSmsRequest } from "../sending/translate-send-sms.ts";
import { toRouteReason } from "../translate/enums.ts";
import { toDate } from "../translate/time.ts";

const states = {
  ready: GatewayState.GATEWAY_STATE_READY,
  connecting: GatewayState.GATEWAY_STATE_CONNECTING,
  stopped: GatewayState.GATEWAY_STATE_STOPPED,
  paused: GatewayState.GATEWAY_STATE_PAUSED,
  held: GatewayState.GATEWAY_STATE_HELD,
  circuit_open: GatewayState.GATEWAY_STATE_CIRCUIT_OPEN,
  elsewhere: GatewayState.GATEWAY_STATE_ELSEWHERE,
} as const satisfies Record<GatewayHealth["kind"], GatewayState>;

export function toGateway(gateway: GatewayAnswer): Gateway {
  const { health, figures } = gateway;
  return {
    gatewayId: gateway.id,
    state: states[health.kind === "elsewhere" ? "ready" : health.kind],
    stateDescription: "reason" in health ? health.reason : "",
    priority: gateway.priority,
    weight: gateway.weight,
    premium: gateway.isPremium,
    sessionCount: figures.sessions,
    boundSessionCount: figures.boundSessions,
    inFlightCount: figures.inFlight,
    windowSize: figures.windowSize,
    configuredPdusPerSecond: toLimit(gateway.configuredRate),
    currentPdusPerSecond: toLimit(gateway.currentRate),
    waitingCount: BigInt(gateway.waitingCount),
    pauseTime: toDate(gateway.pauseTimeMs),
    replicas: gateway.replicas.map(toReplica),
    kind: gateway.kind,
  };
}

/** Within the service 0 stands for no limit. */
function toLimit(pdusPerSecond: number): number | undefined {
  return pdusPerSecond === 0 ? undefined : pdusPerSecond;
}

function toReplica({ replicaId, report }: ReplicaReport): GatewayReplica {
  return {
    replicaId,
    state: states[report.state],
    stateDescription: report.reason,
    sessionCount: report.ownSessions,
    boundSessionCount: report.boundSessions,
    inFlightCount: report.inFlight,
    windowSize: report.windowSize,
    currentPdusPerSecond: toLimit(report.pdusPerSecond),
  };
}

export function fromExplainRouteRequest(request: ExplainRouteRequest): ExplainRouteInput {
  const { message, accountId, deliveryId } = request;
  return { message: message && fromSendSmsRequest(message), accountId, deliveryId };
}

export function toRouteCandidate(gateway: ExplainedGateway): RouteCandidate {
  return {
    gatewayId: gateway.gatewayId,
    rank: gateway.rank,
    reason: toRouteReason(gateway.reason),
    ready: gateway.isReady,
    segmentCount: gateway.segmentCount,
  };
}

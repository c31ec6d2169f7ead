/** GatewayService: what operators do with gateways and routes, with a line in the log on who did what and from where. */
import type { Gateways } from "../../app/gateways/create-gateways.ts";
import type { Sending } from "../../app/sending/create-sending.ts";
import {
  type GatewayServiceDefinition,
  PauseGatewayRequest,
  ResumeGatewayRequest,
} from "../../gen/smsrelay/v1/gateway_service.ts";
import type { Logger } from "../../observability/logger.ts";
import { actor, callerOf } from "../calls/caller.ts";
import type { Handlers, ScopesOf } from "../calls/handlers.ts";
import { fromExplainRouteRequest, toGateway, toRouteCandidate } from "./translate-gateway.ts";

export interface GatewayServiceDeps {
  readonly gateways: Gateways;
  readonly sending: Pick<Sending, "explainRoute">;
  readonly log: Logger;
}

export const gatewayScopes = {
  listGateways: "ADMIN",
  pauseGateway: "ADMIN",
  resumeGateway: "ADMIN",
  explainRoute: "ADMIN",
} as const satisfies ScopesOf<GatewayServiceDefinition>;

export function createGatewayService({
  gateways,
  sending,
  log,
}: GatewayServiceDeps): Handlers<GatewayServiceDefinition> {
  return {
    listGateways: async (request) => {
      const { entries, nextPageToken = "" } = await gateways.list(request);
      return { gateways: entries.map(toGateway), nextPageToken };
    },
    pauseGateway: async (request, ...who) => {
      const caller = await callerOf(PauseGatewayRequest, request, ...who);
      const gateway = toGateway(await gateways.pause(request, caller));
      log.info(
        { gateway: gateway.gatewayId, reason: request.reason, ...actor(...who) },
        "An operator paused a gateway.",
      );
      return { gateway };
    },
    resumeGateway: async (request, ...who) => {
      const caller = await callerOf(ResumeGatewayRequest, request, ...who);
      const gateway = toGateway(await gateways.resume(request.gatewayId, caller));
      log.info({ gateway: gateway.gatewayId, ...actor(...who) }, "An operator resumed a gateway.");
      return { gateway };
    },
    explainRoute: async (request, principal) => {
      const answer = await sending.explainRoute(fromExplainRouteRequest(request), principal);
      return {
        candidates: answer.gateways.map(toRouteCandidate),
        regionCode: answer.country ?? "",
        deliveryId: answer.deliveryId,
        rule: answer.rule ?? "",
      };
    },
  };
}

/** GatewayService, KeyService and MaintenanceService: what operators do. */
import type { DownloadBackup } from "../app/download-backup.ts";
import type { ExplainRoute } from "../app/explain-route.ts";
import type { GatewayControl } from "../app/gateway-control.ts";
import type { KeyControl } from "../app/key-control.ts";
import type { GatewayServiceClient, GatewayServiceImplementation } from "../gen/sms/v1/gateway_service.ts";
import type { KeyServiceClient, KeyServiceImplementation } from "../gen/sms/v1/key_service.ts";
import type {
  DownloadBackupResponse,
  MaintenanceServiceClient,
  MaintenanceServiceImplementation,
} from "../gen/sms/v1/maintenance_service.ts";
import { createGuard, type GuardDeps } from "./guard.ts";
import { fromRole } from "./translate/enums.ts";
import { fromExplainRouteRequest, toGateway, toRouteCandidate } from "./translate/gateway.ts";
import { toApiKey } from "./translate/key.ts";
import type { WholeAnswers } from "./wire-definition.ts";

export interface GatewayServiceDeps extends GuardDeps {
  readonly gateways: GatewayControl;
  readonly explainRoute: ExplainRoute;
}

export function createGatewayService(
  deps: GatewayServiceDeps,
): WholeAnswers<GatewayServiceImplementation, GatewayServiceClient> {
  const { unary } = createGuard(deps, "operator");
  return {
    listGateways: unary(async (request) => {
      const { entries, nextPageToken = "" } = await deps.gateways.list(request);
      return { gateways: entries.map(toGateway), nextPageToken };
    }),
    pauseGateway: unary(async (request) => ({ gateway: toGateway(await deps.gateways.pause(request)) })),
    resumeGateway: unary(async ({ gatewayId }) => ({
      gateway: toGateway(await deps.gateways.resume(gatewayId)),
    })),
    explainRoute: unary(async (request, principal) => {
      const answer = deps.explainRoute(fromExplainRouteRequest(request), principal);
      return {
        candidates: answer.gateways.map(toRouteCandidate),
        countryCode: answer.country ?? "",
        deliveryId: answer.deliveryId,
      };
    }),
  };
}

export interface KeyServiceDeps extends GuardDeps {
  readonly keyControl: KeyControl;
}

export function createKeyService(
  deps: KeyServiceDeps,
): WholeAnswers<KeyServiceImplementation, KeyServiceClient> {
  const { unary } = createGuard(deps, "operator");
  return {
    createKey: unary(async ({ accountId, role, displayName }) => {
      const made = await deps.keyControl.create({ accountId, role: fromRole(role), displayName });
      return { apiKey: toApiKey(made.apiKey), secret: made.secret };
    }),
    listKeys: unary(async (request) => {
      const { entries, nextPageToken = "" } = await deps.keyControl.list(request);
      return { apiKeys: entries.map(toApiKey), nextPageToken };
    }),
    revokeKey: unary(async ({ keyId }) => ({ apiKey: toApiKey(await deps.keyControl.revoke(keyId)) })),
  };
}

export interface MaintenanceServiceDeps extends GuardDeps {
  readonly downloadBackup: DownloadBackup;
}

export function createMaintenanceService(
  deps: MaintenanceServiceDeps,
): WholeAnswers<MaintenanceServiceImplementation, MaintenanceServiceClient> {
  return {
    downloadBackup: createGuard(deps, "operator").stream(() => streamPieces(deps.downloadBackup)),
  };
}

async function* streamPieces(downloadBackup: DownloadBackup): AsyncGenerator<DownloadBackupResponse, void> {
  for await (const piece of downloadBackup())
    yield {
      chunk: Buffer.from(piece.chunk.buffer, piece.chunk.byteOffset, piece.chunk.byteLength),
      totalSizeBytes: BigInt(piece.totalOctets),
      sha256: piece.sha256 ?? "",
    };
}

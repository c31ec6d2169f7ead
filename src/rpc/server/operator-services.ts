/** GatewayService, KeyService and MaintenanceService: what operators do, with a line in the log on who did what from where. */
import type { CallContext } from "nice-grpc-common";
import type { Principal } from "../../app/calls/principal.ts";
import type { Gateways } from "../../app/gateways/create-gateways.ts";
import type { KeyControl } from "../../app/keys/key-control.ts";
import type { DownloadBackup } from "../../app/maintenance/download-backup.ts";
import type { ExplainRoute } from "../../app/sending/explain-route.ts";
import type {
  GatewayServiceClient,
  GatewayServiceImplementation,
} from "../../gen/smsrelay/v1/gateway_service.ts";
import type { KeyServiceClient, KeyServiceImplementation } from "../../gen/smsrelay/v1/key_service.ts";
import type {
  DownloadBackupResponse,
  MaintenanceServiceClient,
  MaintenanceServiceImplementation,
} from "../../gen/smsrelay/v1/maintenance_service.ts";
import { createGuard, type GuardDeps } from "../calls/guard.ts";
import type { WholeAnswers } from "../calls/wire-definition.ts";
import { fromExplainRouteRequest, toGateway, toRouteCandidate } from "../gateways/translate-gateway.ts";
import { toApiKey } from "../keys/translate-key.ts";
import { fromScope } from "../translate/enums.ts";

export interface GatewayServiceDeps extends GuardDeps {
  readonly gateways: Gateways;
  readonly explainRoute: ExplainRoute;
}

export function createGatewayService(
  deps: GatewayServiceDeps,
): WholeAnswers<GatewayServiceImplementation, GatewayServiceClient> {
  const { unary } = createGuard(deps);
  return {
    listGateways: unary(async (request) => {
      const { entries, nextPageToken = "" } = await deps.gateways.list(request);
      return { gateways: entries.map(toGateway), nextPageToken };
    }),
    pauseGateway: unary(async (request, ...who) => {
      const gateway = toGateway(await deps.gateways.pause(request));
      deps.log.info(
        { gateway: gateway.gatewayId, reason: request.reason, ...actor(...who) },
        "An operator paused a gateway.",
      );
      return { gateway };
    }),
    resumeGateway: unary(async ({ gatewayId }, ...who) => {
      const gateway = toGateway(await deps.gateways.resume(gatewayId));
      deps.log.info({ gateway: gateway.gatewayId, ...actor(...who) }, "An operator resumed a gateway.");
      return { gateway };
    }),
    explainRoute: unary(async (request, principal) => {
      const answer = deps.explainRoute(fromExplainRouteRequest(request), principal);
      return {
        candidates: answer.gateways.map(toRouteCandidate),
        regionCode: answer.country ?? "",
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
  const { unary } = createGuard(deps);
  return {
    createKey: unary(async (request, ...who) => {
      const made = await deps.keyControl.create({ ...request, scopes: request.scopes.map(fromScope) });
      const { id: keyId, accountId: account, scopes } = made.apiKey;
      deps.log.info({ keyId, account, scopes, ...actor(...who) }, "An operator created an API key.");
      return { apiKey: toApiKey(made.apiKey), secret: made.secret };
    }),
    listKeys: unary(async (request) => {
      const { entries, nextPageToken = "" } = await deps.keyControl.list(request);
      return { apiKeys: entries.map(toApiKey), nextPageToken };
    }),
    revokeKey: unary(async ({ keyId, force }, ...who) => {
      const apiKey = await deps.keyControl.revoke(keyId, { force });
      deps.log.info(
        { keyId, account: apiKey.accountId, ...actor(...who) },
        "An operator revoked an API key.",
      );
      return { apiKey: toApiKey(apiKey) };
    }),
  };
}

export interface MaintenanceServiceDeps extends GuardDeps {
  readonly downloadBackup: DownloadBackup;
}

export function createMaintenanceService(
  deps: MaintenanceServiceDeps,
): WholeAnswers<MaintenanceServiceImplementation, MaintenanceServiceClient> {
  return {
    downloadBackup: createGuard(deps).stream((_request, ...who) => {
      deps.log.info(actor(...who), "An operator downloads a backup.");
      return streamPieces(deps.downloadBackup);
    }),
  };
}

/** Which key, and where its call came from. */
function actor({ keyId }: Principal, { peer }: CallContext) {
  return { by: keyId, peer };
}

async function* streamPieces(downloadBackup: DownloadBackup): AsyncGenerator<DownloadBackupResponse, void> {
  for await (const piece of downloadBackup())
    yield {
      chunk: Buffer.from(piece.chunk.buffer, piece.chunk.byteOffset, piece.chunk.byteLength),
      totalSizeBytes: BigInt(piece.totalOctets),
      sha256: piece.sha256 ?? "",
    };
}

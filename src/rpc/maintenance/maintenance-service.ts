/** MaintenanceService: how operators take copies of the store, with a line in the log on who did it and from where. */
import type { Maintenance } from "../../app/maintenance/create-maintenance.ts";
import type {
  DownloadBackupResponse,
  MaintenanceServiceClient,
  MaintenanceServiceImplementation,
} from "../../gen/smsrelay/v1/maintenance_service.ts";
import type { Logger } from "../../observability/logger.ts";
import { actor } from "../calls/actor.ts";
import type { Guard } from "../calls/guard.ts";
import type { ScopesOf } from "../calls/scopes-of.ts";
import type { WholeAnswers } from "../calls/wire-definition.ts";

export interface MaintenanceServiceDeps {
  readonly guard: Guard;
  readonly maintenance: Maintenance;
  readonly log: Logger;
}

export const maintenanceScopes = {
  downloadBackup: "ADMIN",
} as const satisfies ScopesOf<MaintenanceServiceClient>;

export function createMaintenanceService({
  guard,
  maintenance,
  log,
}: MaintenanceServiceDeps): WholeAnswers<MaintenanceServiceImplementation, MaintenanceServiceClient> {
  return {
    downloadBackup: guard.stream((_request, ...who) => {
      log.info(actor(...who), "An operator downloads a backup.");
      return streamPieces(maintenance);
    }),
  };
}

async function* streamPieces({ downloadBackup }: Maintenance): AsyncGenerator<DownloadBackupResponse, void> {
  for await (const piece of downloadBackup())
    yield {
      chunk: Buffer.from(piece.chunk.buffer, piece.chunk.byteOffset, piece.chunk.byteLength),
      totalSizeBytes: BigInt(piece.totalOctets),
      sha256: piece.sha256 ?? "",
    };
}

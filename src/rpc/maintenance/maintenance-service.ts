/** MaintenanceService: how operators take copies of the store, with a line in the log on who did it and from where. */
import type { Caller } from "../../app/calls/act.ts";
import type { Maintenance } from "../../app/maintenance/create-maintenance.ts";
import {
  DownloadBackupRequest,
  type DownloadBackupResponse,
  type MaintenanceServiceDefinition,
} from "../../gen/smsrelay/v1/maintenance_service.ts";
import type { Logger } from "../../observability/logger.ts";
import { actor, callerOf } from "../calls/caller.ts";
import type { Handlers, ScopesOf } from "../calls/handlers.ts";

export interface MaintenanceServiceDeps {
  readonly maintenance: Maintenance;
  readonly log: Logger;
}

export const maintenanceScopes = {
  downloadBackup: "ADMIN",
} as const satisfies ScopesOf<MaintenanceServiceDefinition>;

export function createMaintenanceService({
  maintenance,
  log,
}: MaintenanceServiceDeps): Handlers<MaintenanceServiceDefinition> {
  return {
    downloadBackup: (request, ...who) => {
      log.info(actor(...who), "An operator downloads a backup.");
      return streamPieces(maintenance, callerOf(DownloadBackupRequest, request, ...who));
    },
  };
}

async function* streamPieces(
  { downloadBackup }: Maintenance,
  caller: Promise<Caller>,
): AsyncGenerator<DownloadBackupResponse, void> {
  for await (const piece of downloadBackup(await caller))
    yield {
      chunk: Buffer.from(piece.chunk.buffer, piece.chunk.byteOffset, piece.chunk.byteLength),
      totalSizeBytes: BigInt(piece.totalOctets),
      sha256: piece.sha256 ?? "",
    };
}

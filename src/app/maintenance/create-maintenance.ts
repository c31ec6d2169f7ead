/** The calls that look after the store. */
import { createDownloadBackup, type DownloadBackup, type DownloadBackupDeps } from "./download-backup.ts";

export interface Maintenance {
  readonly downloadBackup: DownloadBackup;
}

export type MaintenanceDeps = DownloadBackupDeps;

export function createMaintenance(deps: MaintenanceDeps): Maintenance {
  return { downloadBackup: createDownloadBackup(deps) };
}

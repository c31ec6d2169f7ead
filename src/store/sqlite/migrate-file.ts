/** Brings a file to this program's schema without a service, or tells what that would do. */
import { randomUUID } from "node:crypto";
import type { SchemaChange } from "../schema-change.ts";
import { migrate, planMigration, schemaVersion } from "./migrate.ts";
import { isInUse } from "./service-lock.ts";
import { withOwnFile, withReadOnlyFile } from "./use-file.ts";

/** Refuses with LOCKED while a service runs on the file. */
export function migrateFile(path: string): Promise<SchemaChange> {
  return withOwnFile(path, (db, file) => migrate(db, file, randomUUID));
}

/** Changes nothing, also while another process has the file, for which the migration would have to wait. */
export function planFileMigration(path: string): SchemaChange & { readonly isInUse: boolean } {
  const plan = withReadOnlyFile(path, (db, file) => ({ ...planMigration(db, file), isInUse: isInUse(file) }));
  return plan ?? { from: undefined, to: schemaVersion, isInUse: false };
}

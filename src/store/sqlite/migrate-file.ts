/** Brings a file to this program's schema without a service, or tells what that would do. */
import { randomUUID } from "node:crypto";
import type { SchemaChange } from "../schema-change.ts";
import { migrate, planMigration, schemaVersion } from "./migrate.ts";
import { withOwnFile, withReadOnlyFile } from "./use-file.ts";

/** Refuses with LOCKED while a service runs on the file. */
export function migrateFile(path: string): Promise<SchemaChange> {
  return withOwnFile(path, (db, file) => migrate(db, file, randomUUID));
}

/** Changes nothing, also while a service runs on the file. */
export function planFileMigration(path: string): SchemaChange {
  return withReadOnlyFile(path, planMigration) ?? { from: undefined, to: schemaVersion };
}

/** Brings the store that the configuration names to this program's schema, or tells what that would do, without starting a service. */
import type { Config } from "../config/schema.ts";
import { migrateDatabase, planDatabaseMigration } from "../store/postgres/migrate-database.ts";
import type { SchemaChange } from "../store/schema-change.ts";
import { migrateFile, planFileMigration } from "../store/sqlite/migrate-file.ts";
import { makeStoreFolder } from "./open-store.ts";

export interface StoreMigration extends SchemaChange {
  /** Another process has the store, so that the migration would be refused. */
  readonly isInUse: boolean;
}

/** Rejects with StoreUnavailableError where the store cannot be used. */
export async function migrateStore(
  { store: { url, path } }: Pick<Config, "store">,
  isDryRun: boolean,
): Promise<StoreMigration> {
  if (url !== undefined) {
    const { from, to } = await (isDryRun ? planDatabaseMigration(url) : migrateDatabase(url));
    return { from, to, isInUse: false };
  }
  if (isDryRun) return planFileMigration(path);
  await makeStoreFolder(path);
  return { ...(await migrateFile(path)), isInUse: false };
}

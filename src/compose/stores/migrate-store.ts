/** Brings the store that the configuration names to this program's schema, or tells what that would do, without starting a service. */
import type { Config } from "../../config/schema.ts";
import { migrateDatabase, planDatabaseMigration } from "../../store/postgres/migrate-database.ts";
import type { SchemaChange } from "../../store/schema-change.ts";
import { type FileMigration, migrateFile, planFileMigration } from "../../store/sqlite/migrate-file.ts";
import { makeStoreFolder } from "./open-store.ts";

export interface StoreMigration extends SchemaChange, Pick<FileMigration, "rewrite"> {
  /** Another process has the store, so that the migration would be refused. */
  readonly isInUse: boolean;
}

/** Rejects with StoreUnavailableError where the store cannot be used. */
export async function migrateStore(
  { store: { url, path, minFreeDisk } }: Pick<Config, "store">,
  isDryRun: boolean,
): Promise<StoreMigration> {
  if (url !== undefined) {
    const { from, to } = await (isDryRun ? planDatabaseMigration(url) : migrateDatabase(url));
    return { from, to, rewrite: undefined, isInUse: false };
  }
  if (isDryRun) return planFileMigration(path, minFreeDisk);
  await makeStoreFolder(path);
  return { ...(await migrateFile(path, minFreeDisk)), isInUse: false };
}

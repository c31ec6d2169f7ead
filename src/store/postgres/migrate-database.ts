/** Brings the database to this program's schema, or tells what that would do, on a connection of its own. */
import { randomUUID } from "node:crypto";
import type { SchemaChange } from "../schema-change.ts";
import { type MigratedDatabase, migrate, planMigration } from "./migrate.ts";
import { withDatabase } from "./with-database.ts";

/** Safe beside replicas that run, and beside others that migrate. */
export function migrateDatabase(urls: readonly string[]): Promise<MigratedDatabase> {
  return withDatabase(urls, "migration", (client, name) => migrate(client, name, randomUUID));
}

/** Changes nothing. */
export function planDatabaseMigration(urls: readonly string[]): Promise<SchemaChange> {
  return withDatabase(urls, "migration", planMigration);
}

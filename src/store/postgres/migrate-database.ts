/** Brings the database to this program's schema, or tells what that would do, on a connection of its own. */
import { randomUUID } from "node:crypto";
import type pg from "pg";
import type { SchemaChange } from "../schema-change.ts";
import { StoreUnavailableError } from "../store-unavailable-error.ts";
import type { BuildOptions } from "./build-indexes.ts";
import { type MigratedDatabase, migrate, planMigration } from "./migrate.ts";
import { withDatabase } from "./with-database.ts";

/** Safe beside replicas that run, and beside others that migrate. What follows it is done on the same connection. */
export function migrateDatabase(
  urls: readonly string[],
  andThen: (client: pg.Client, name: string) => Promise<void> = async () => {},
  building?: BuildOptions,
): Promise<MigratedDatabase> {
  return withDatabase(urls, "migration", async (client, name) => {
    const migrated = await migrate(client, name, randomUUID, undefined, building);
    await andThen(client, name);
    return migrated;
  });
}

/** Changes nothing; refuses where the user may not make what is missing. */
export function planDatabaseMigration(urls: readonly string[]): Promise<SchemaChange> {
  return withDatabase(urls, "migration", async (client, name) => {
    const change = await planMigration(client, name);
    if (change.from === undefined && !(await mayCreateSchema(client))) {
      throw new StoreUnavailableError(
        "FAILED",
        `${name} cannot be used: this user may not make a schema; GRANT CREATE ON DATABASE to it.`,
      );
    }
    return change;
  });
}

/** Whether the first start could make the schema. */
export async function mayCreateSchema(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ may: boolean }>(
    "SELECT has_database_privilege(current_database(), 'CREATE') AS may",
  );
  return rows[0]?.may === true;
}

/** Brings the database to this program's schema, or tells what that would do, on a connection of its own. */
import { randomUUID } from "node:crypto";
import type pg from "pg";
import type { SchemaChange } from "../schema-change.ts";
import { StoreUnavailableError } from "../store-unavailable-error.ts";
import { connect, nameOf } from "./connect.ts";
import { type MigratedDatabase, migrate, planMigration } from "./migrate.ts";
import { sqlStateOf } from "./store-error.ts";

/** Safe beside replicas that run, and beside others that migrate. */
export function migrateDatabase(urls: readonly string[]): Promise<MigratedDatabase> {
  return withDatabase(urls, "migration", (client, name) => migrate(client, name, randomUUID));
}

/** Changes nothing. */
export function planDatabaseMigration(urls: readonly string[]): Promise<SchemaChange> {
  return withDatabase(urls, "migration", planMigration);
}

/** Gives `use` a connection to the primary; rejects with StoreUnavailableError, whatever is wrong. */
export async function withDatabase<Result>(
  urls: readonly string[],
  purpose: string,
  use: (client: pg.Client, name: string) => Promise<Result>,
): Promise<Result> {
  const name = urls.map(nameOf).join(", ");
  try {
    const client = await connect({ urls, applicationName: `sms-relay ${purpose}` });
    try {
      return await use(client, name);
    } finally {
      await client.end().catch(() => undefined);
    }
  } catch (error) {
    if (error instanceof StoreUnavailableError) throw error;
    throw new StoreUnavailableError(
      isAway(error) ? "AWAY" : "FAILED",
      `${name} cannot be used: ${textOf(error)}.`,
      error,
    );
  }
}

/** No server answered, or one that starts, stops or is full: the same may succeed later. */
function isAway(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state === undefined || /^(08|53|57P)/.test(state);
}

/** What an error says; its code where a host with several addresses leaves the message empty. */
export function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message !== "") return error.message;
  return "code" in error ? String(error.code) : error.name;
}

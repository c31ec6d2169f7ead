/** Looks at the servers of a database and changes nothing: what a service would find there, and what it would suffer from. */
import type pg from "pg";
import type { SchemaChange } from "../schema-change.ts";
import { StoreUnavailableError } from "../store-unavailable-error.ts";
import { connectTo, nameOf } from "./connect.ts";
import { planMigration } from "./migrate.ts";
import { mayCreateSchema } from "./migrate-database.ts";
import { textOf } from "./with-database.ts";

export interface ServerFacts {
  readonly name: string;
  readonly role: "primary" | "standby" | "away";
  /** Why it is away. */
  readonly reason: string | undefined;
}

export interface PrimaryFacts {
  readonly version: string;
  /** As it is in sessions that set nothing. */
  readonly synchronousCommit: string;
  readonly hasFsync: boolean;
  readonly hasFullPageWrites: boolean;
  readonly hasSynchronousStandby: boolean;
  readonly freeConnections: number;
  readonly mayCreateSchema: boolean;
  /** "sessions": a pooler that keeps to one connection as far as can be seen. */
  readonly pooler: "none" | "sessions" | "transactions";
  /** Or why it cannot be used. */
  readonly schema: SchemaChange | StoreUnavailableError;
  /** Of those that run now. */
  readonly replicaNames: readonly string[];
  readonly operatorKeyCount: number;
}

export interface DatabaseFacts {
  readonly servers: readonly ServerFacts[];
  /** Undefined where no primary answers. */
  readonly primary: PrimaryFacts | undefined;
}

const applicationName = "sms-relay check";

// Sums of pg_stat_database may be seen by every role.
const settings = `SELECT current_setting('server_version') AS version,
  (SELECT reset_val FROM pg_catalog.pg_settings WHERE name = 'synchronous_commit') AS synchronous_commit,
  current_setting('fsync') = 'on' AS has_fsync,
  current_setting('full_page_writes') = 'on' AS has_full_page_writes,
  current_setting('synchronous_standby_names') <> '' AS has_synchronous_standby,
  current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
    - (SELECT sum(numbackends) FROM pg_catalog.pg_stat_database)::int AS free_connections`;

interface SettingsRow {
  readonly version: string;
  readonly synchronous_commit: string;
  readonly has_fsync: boolean;
  readonly has_full_page_writes: boolean;
  readonly has_synchronous_standby: boolean;
  readonly free_connections: number;
}

/** Never rejects because of what it finds. */
export async function inspectDatabase(urls: readonly string[]): Promise<DatabaseFacts> {
  const servers: ServerFacts[] = [];
  let primary: PrimaryFacts | undefined;
  for (const url of urls) {
    const name = nameOf(url);
    try {
      const { client, isStandby } = await connectTo(url, applicationName);
      try {
        if (!isStandby) primary ??= await inspectPrimary(client, url);
        servers.push({ name, role: isStandby ? "standby" : "primary", reason: undefined });
      } finally {
        await client.end().catch(() => undefined);
      }
    } catch (error) {
      servers.push({ name, role: "away", reason: textOf(error) });
    }
  }
  return { servers, primary };
}

async function inspectPrimary(client: pg.Client, url: string): Promise<PrimaryFacts> {
  const { rows } = await client.query<SettingsRow>(settings);
  const row = rows[0];
  if (row === undefined) throw new Error("the server did not answer");
  const schema = await schemaOf(client, nameOf(url));
  const hasTables = !(schema instanceof Error) && (schema.from ?? 0) > 0;
  return {
    version: row.version,
    synchronousCommit: row.synchronous_commit,
    hasFsync: row.has_fsync,
    hasFullPageWrites: row.has_full_page_writes,
    hasSynchronousStandby: row.has_synchronous_standby,
    freeConnections: row.free_connections,
    mayCreateSchema: await mayCreateSchema(client),
    pooler: await findPooler(client, url),
    schema,
    replicaNames: hasTables ? await livingReplicas(client) : [],
    operatorKeyCount: hasTables ? await countOperatorKeys(client) : 0,
  };
}

async function schemaOf(client: pg.Client, name: string): Promise<SchemaChange | StoreUnavailableError> {
  try {
    return await planMigration(client, name);
  } catch (error) {
    return error instanceof StoreUnavailableError
      ? error
      : new StoreUnavailableError("FAILED", `${name} cannot be used: ${textOf(error)}.`, error);
  }
}

/**
 * A pooler gives another process id at the start than that of the process behind it. One that hands transactions around gives the
 * connection of `client`, which is idle, to the next that asks.
 */
async function findPooler(client: pg.Client, url: string): Promise<PrimaryFacts["pooler"]> {
  const before = await processOf(client);
  const { client: other } = await connectTo(url, applicationName);
  try {
    await other.query("BEGIN");
    await processOf(other);
    const after = await processOf(client);
    await other.query("ROLLBACK");
    if (before !== after) return "transactions";
  } finally {
    await other.end().catch(() => undefined);
  }
  return "processID" in client && client.processID !== before ? "sessions" : "none";
}

async function processOf(client: pg.Client): Promise<number | undefined> {
  return (await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid")).rows[0]?.pid;
}

async function livingReplicas(client: pg.Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ id: string }>(
    "SELECT id FROM replicas WHERE NOT is_dead AND lease_until > clock_timestamp() ORDER BY id",
  );
  return rows.map(({ id }) => id);
}

async function countOperatorKeys(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    "SELECT count(*) AS count FROM api_keys WHERE role = 'OPERATOR' AND revoke_time IS NULL",
  );
  return rows[0]?.count ?? 0;
}

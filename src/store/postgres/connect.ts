/**
 * Finds the primary among the servers of the list and opens a connection there, set up for short statements on busy tables. A pooler that
 * hands transactions around must not be in between, since statements are prepared and settings are the session's.
 */
import pg from "pg";
import { StoreUnavailableError } from "../store-unavailable-error.ts";

export interface ConnectOptions {
  readonly urls: readonly string[];
  /** Shown by the server beside the connection. */
  readonly applicationName: string;
  /** Rejects where the connection to the primary called `name` must not be used. */
  readonly admit?: (client: pg.Client, name: string) => Promise<void>;
}

/** All tables are in a schema of their own, beside whatever else the database holds. */
export const schemaName = "sms_relay";

const oldestServer = 150_000;

/**
 * Statements reach few rows by an index; plans must not follow the statistics of queues, which swing between nothing and millions.
 * Without the limit on workers, statistics of 30,000 reports made each read of 256 of them start two processes: 40 ms instead of 1.
 * A process that hangs inside a transaction must not hold its locks for long.
 */
const settings: Readonly<Record<string, string>> = {
  search_path: schemaName,
  application_name: "",
  statement_timeout: "30s",
  lock_timeout: "10s",
  idle_in_transaction_session_timeout: "5s",
  default_transaction_isolation: "read committed",
  plan_cache_mode: "force_generic_plan",
  enable_seqscan: "off",
  enable_hashjoin: "off",
  enable_mergejoin: "off",
  max_parallel_workers_per_gather: "0",
  cpu_tuple_cost: "1",
  enable_memoize: "off",
  jit: "off",
};

const setUp = `SELECT pg_is_in_recovery() AS is_standby, current_setting('server_version_num')::int AS version,
  CASE WHEN current_setting('synchronous_commit') = 'off' THEN set_config('synchronous_commit', 'on', false) END,
  ${Object.keys(settings)
    .map((name, index) => `set_config('${name}', $${index + 1}, false)`)
    .join(", ")}`;

/** int8 as number: times and counts stay far below 2^53. */
const types: pg.CustomTypesConfig = {
  getTypeParser(oid: number, format?: "text" | "binary") {
    if (oid === 20 && format !== "binary") return Number;
    return pg.types.getTypeParser(oid, format as "text");
  },
};

/** Rejects where no server of the list is a primary that can be reached and is admitted. */
export async function connect({ urls, applicationName, admit }: ConnectOptions): Promise<pg.Client> {
  let failure: unknown;
  let standby: unknown;
  for (const url of urls) {
    try {
      const { client, isStandby } = await connectTo(url, applicationName);
      if (isStandby) {
        standby ??= new Error(`${nameOf(url)} is a standby`);
        client.end().catch(() => undefined);
        continue;
      }
      try {
        await admit?.(client, nameOf(url));
        return client;
      } catch (error) {
        client.end().catch(() => undefined);
        throw error;
      }
    } catch (error) {
      failure = error;
      if (error instanceof StoreUnavailableError) throw error;
    }
  }
  // That one of them is a standby explains nothing where another one failed.
  throw failure ?? standby ?? new Error("no server is named");
}

/** Opens a connection to one server, primary or standby. */
export async function connectTo(
  url: string,
  applicationName: string,
): Promise<{ readonly client: pg.Client; readonly isStandby: boolean }> {
  const client = new pg.Client({
    connectionString: url,
    types,
    pipeline: true,
    keepAlive: true,
    keepAliveInitialDelayMillis: 5_000,
    connectionTimeoutMillis: 5_000,
    query_timeout: 40_000,
  });
  // A connection that ends while nothing is asked of it says so by an event only; whoever asks next is told.
  client.on("error", () => {});
  try {
    await client.connect();
    const values = Object.values({ ...settings, application_name: applicationName });
    const { rows } = await client.query<{ is_standby: boolean; version: number }>(setUp, values);
    const server = rows[0];
    if (server === undefined) throw new Error("the server did not answer");
    if (server.version < oldestServer) throw tooOld(url, server.version);
    return { client, isStandby: server.is_standby };
  } catch (error) {
    client.end().catch(() => undefined);
    throw error;
  }
}

/**
 * A statement that takes as long as the server's own timeouts let it: building an index of millions of rows, waiting for a lock. Cut off
 * by this side, the server would go on with it and hold its locks. The timer is the longest that there is.
 */
export function unhurried(text: string, values?: unknown[]): pg.QueryConfig {
  const config = { text, query_timeout: 2 ** 31 - 1 };
  return values === undefined ? config : { ...config, values };
}

/** The server and database of a URL, without user and password. */
export function nameOf(url: string): string {
  try {
    const { host, pathname } = new URL(url);
    return `${host}${pathname}`;
  } catch {
    return "the database";
  }
}

function tooOld(url: string, version: number): StoreUnavailableError {
  return new StoreUnavailableError(
    "FAILED",
    `${nameOf(url)} is PostgreSQL ${Math.floor(version / 10_000)}; sms-relay needs 15 or newer.`,
  );
}

/**
 * Which server, timeline and database a connection has reached, compared with what the store was last used on. A dump that was restored, a
 * copy of the database and a standby that took over may lack the last reports, and begin a new line of their numbers.
 */
import { randomUUID } from "node:crypto";
import type pg from "pg";
import type { ClockReading } from "../../observability/data-clock.ts";
import type { ReportLine } from "../reports.ts";
import { schemaName } from "./connect.ts";
import { setMeta } from "./copy-mark.ts";
import { inTransaction, lockSchema, readMetaValues } from "./migrate.ts";
import { lineRows, readFormerLines, readLine } from "./report-line.ts";
import { sqlStateOf } from "./store-error.ts";

export interface ServerIdentity {
  /** Made with the cluster, and kept by its standbys and base backups; empty where this user may not read it. */
  readonly systemId: string;
  /** The numbers of the database and of our table `meta`: others where it was copied, or restored from a dump. */
  readonly database: string;
  /** Counted up where a standby takes over, and after recovery to a point in time; 0 where it cannot be told. */
  readonly timeline: number;
}

const key = "database";
/** A reader whose cursor is of a line before these has to begin anew. */
const mostFormerLines = 32;
/** SQLSTATE insufficient_privilege, feature_not_supported. */
const unknowable = new Set(["42501", "0A000"]);

export async function readIdentity(
  client: pg.Client,
  monotonic: () => number,
): Promise<{ readonly identity: ServerIdentity; readonly reading: ClockReading }> {
  const system = await optional<{ id: string }>(
    client,
    "SELECT system_identifier::text AS id FROM pg_control_system()",
  );
  // The control file tells the new timeline after the next checkpoint only.
  const timeline = await optional<{ number: number }>(
    client,
    "SELECT ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int AS number",
  );
  const sentMs = monotonic();
  const { rows } = await client.query<{ database: string; time_ms: number }>(
    `SELECT oid || '.' || coalesce(to_regclass('${schemaName}.meta')::oid::text, '') AS database,
       extract(epoch FROM clock_timestamp())::float8 * 1000 AS time_ms
     FROM pg_catalog.pg_database WHERE datname = current_database()`,
  );
  const receivedMs = monotonic();
  const { database, time_ms: timeMs } = rows[0] ?? { database: "", time_ms: 0 };
  return {
    identity: { systemId: system?.id ?? "", database, timeline: timeline?.number ?? 0 },
    reading: { timeMs, sentMs, receivedMs },
  };
}

async function optional<Row extends pg.QueryResultRow>(
  client: pg.Client,
  text: string,
): Promise<Row | undefined> {
  try {
    return (await client.query<Row>(text)).rows[0];
  } catch (error) {
    if (unknowable.has(sqlStateOf(error) ?? "")) return undefined;
    throw error;
  }
}

export interface SettledLine {
  readonly line: ReportLine;
  /** Whether it began just now. */
  readonly isNew: boolean;
}

/** The line in use there, after beginning a new one where the store was last used on something else. Several may do so at once. */
export function settleLine(client: pg.Client, identity: ServerIdentity): Promise<SettledLine> {
  const found = JSON.stringify(identity);
  return inTransaction(client, async () => {
    await lockSchema(client);
    const meta = (await readMetaValues(client)) ?? new Map<string, string>();
    const storeId = meta.get("store_id") ?? "";
    const line = readLine(meta, storeId);
    const known = meta.get(key);
    if (known === found) return { line, isNew: false };
    await setMeta(client, [[key, found]]);
    // A store of a program before this one was never asked.
    if (known === undefined) return { line, isNew: false };
    const { rows } = await client.query<{ account_id: string; last: number }>(
      "SELECT account_id, last FROM report_counters",
    );
    const lasts = Object.fromEntries(rows.map(({ account_id, last }) => [account_id, last]));
    const formerLines = [...readFormerLines(meta), { id: line.id, lasts }].slice(-mostFormerLines);
    const begun = lineRows({ lineId: randomUUID(), formerLines });
    await setMeta(client, begun);
    return { line: readLine(new Map(begun), storeId), isNew: true };
  });
}

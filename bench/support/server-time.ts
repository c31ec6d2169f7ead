/**
 * What a PostgreSQL server spent on one database: processor time of the processes of its connections (Linux), and by statement the time and
 * the write-ahead log that pg_stat_statements counted, which the server has to have loaded.
 */
import { readFile } from "node:fs/promises";
import type pg from "pg";

export interface ServerTime {
  /** Microseconds on a processor by the number of the connection's process. */
  readonly processorMicros: ReadonlyMap<number, number>;
  readonly walOctets: number;
  /** By the text of the statement, of parts of a second on the wall. */
  readonly statements: ReadonlyMap<string, StatementTime>;
}

export interface StatementTime {
  readonly calls: number;
  readonly micros: number;
}

/** Asked of a connection to that database, whose own time does not count. */
export async function readServerTime(client: pg.Client): Promise<ServerTime> {
  const { rows: backends } = await client.query<{ pid: number }>(
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
  );
  const spent = await Promise.all(
    backends.map(async ({ pid }) => [pid, await processorMicros(pid)] as const),
  );
  const { rows } = await client.query<{ query: string; calls: string; micros: number; wal: string }>(
    `SELECT query, sum(calls) AS calls, sum(total_exec_time) * 1000 AS micros, sum(wal_bytes) AS wal FROM pg_stat_statements
     WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) GROUP BY query`,
  );
  return {
    processorMicros: new Map(spent),
    walOctets: rows.reduce((sum, { wal }) => sum + Number(wal), 0),
    statements: new Map(rows.map(({ query, calls, micros }) => [query, { calls: Number(calls), micros }])),
  };
}

async function processorMicros(pid: number): Promise<number> {
  const [onProcessor = "0"] = (await readFile(`/proc/${pid}/schedstat`, "utf8")).split(" ");
  return Number(onProcessor) / 1_000;
}

export interface SpentTime extends Omit<ServerTime, "processorMicros"> {
  /** Of all connections that are there at the end. */
  readonly processorMicros: number;
}

/** What was spent from one reading to the next. */
export function spentBetween(before: ServerTime, after: ServerTime): SpentTime {
  const statements = new Map<string, StatementTime>();
  for (const [text, { calls, micros }] of after.statements) {
    const known = before.statements.get(text);
    const spent = { calls: calls - (known?.calls ?? 0), micros: micros - (known?.micros ?? 0) };
    if (spent.calls > 0) statements.set(text, spent);
  }
  let processorMicros = 0;
  for (const [pid, micros] of after.processorMicros) {
    processorMicros += micros - (before.processorMicros.get(pid) ?? 0);
  }
  return {
    processorMicros,
    walOctets: after.walOctets - before.walOctets,
    statements,
  };
}

/**
 * Brings the database to this program's schema, one numbered step a transaction, under a lock, so that several may start at once. A
 * newer one is refused only where its `min_reader` is above what this program can read, so that releases overlap.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { postgresMigrations } from "../migrations/list.ts";
import type { ReportLine } from "../reports.ts";
import type { AddedIndex, MigratedStore, Migration, SchemaChange } from "../schema-change.ts";
import { StoreUnavailableError } from "../store-unavailable-error.ts";
import { type BuildOptions, buildIndexes } from "./build-indexes.ts";
import { schemaName, unhurried } from "./connect.ts";
import { type CopyMark, raiseMinReader, readMark, setMark, setMeta } from "./copy-mark.ts";
import { initialSchema } from "./migrations/0001-initial.ts";
import { gatewaySessions } from "./migrations/0002-gateway-sessions.ts";
import { readLine } from "./report-line.ts";
import { sqlStateOf } from "./store-error.ts";

export const migrations: readonly Migration[] = [initialSchema, gatewaySessions, ...postgresMigrations];

/** "SMSR": the lock that migrations take, each for its transaction. build-indexes.ts has one of its own. */
const lockNumber = 0x534d5352;

/** How long replicas may have to wait behind a migration, and how long they are let through before it tries again. */
const lockWaitMs = 1_000;
const pauseMs = 1_000;
const mostTries = 60;
/** SQLSTATE lock_not_available. */
const lockNotAvailable = "55P03";
const deadlockDetected = "40P01";

interface Meta {
  readonly storeId: string;
  readonly line: ReportLine;
  readonly version: number;
  readonly minReader: number;
  /** Of a copy that is not finished. */
  readonly mark: CopyMark | undefined;
}

export interface MigratedDatabase extends MigratedStore {
  readonly line: ReportLine;
}

/** Checks and migrates the database called `name`; a store that is new gets its id with the schema. */
export function migrate(
  client: pg.Client,
  name: string,
  newStoreId: () => string,
  steps: readonly Migration[] = migrations,
  building?: BuildOptions,
): Promise<MigratedDatabase> {
  return migrateMeta(client, name, newStoreId, steps, refuseUnfinished, building);
}

/** The same for the target of a copy: one that a former release began and did not finish gets this schema, and begins anew. */
export function migrateTarget(
  client: pg.Client,
  name: string,
  newStoreId: () => string,
  steps: readonly Migration[] = migrations,
): Promise<MigratedDatabase> {
  return migrateMeta(client, name, newStoreId, steps, () => {});
}

async function migrateMeta(
  client: pg.Client,
  name: string,
  newStoreId: () => string,
  steps: readonly Migration[],
  judge: (meta: Meta, name: string) => void,
  building?: BuildOptions,
): Promise<MigratedDatabase> {
  const ownVersion = versionOf(steps);
  let before: Meta | undefined;
  for (let isFirst = true; ; isFirst = false) {
    const meta = await patiently(name, client, async () => {
      await lockSchema(client);
      const known = await readMeta(client, name, ownVersion);
      if (known !== undefined) judge(known, name);
      if (isFirst) before = known;
      const found = known ?? (await create(client, newStoreId()));
      const next = steps.find(({ version }) => version > found.version);
      if (next === undefined) return found;
      await client.query(`SET LOCAL lock_timeout = ${lockWaitMs}`);
      await client.query(unhurried(next.sql));
      const { version } = next;
      await setMeta(client, [["version", String(version)]]);
      // A later step takes nothing back of what an earlier one, or a feature in use, asks of readers.
      await raiseMinReader(client, next.minReader);
      const minReader = Math.max(found.minReader, next.minReader);
      // Rows that lie there already came without what is new.
      const mark = found.mark && { ...found.mark, minReader: String(minReader), position: undefined };
      if (mark !== undefined) await setMark(client, mark);
      return { ...found, version, minReader, mark };
    });
    const { storeId, line, version } = meta;
    if (version < ownVersion) continue;
    // A newer release may have others in their place.
    if (version === ownVersion) await buildIndexes(client, indexesOf(steps), building);
    return { storeId, line, from: before?.version, to: version };
  }
}

/**
 * Runs the transaction again where it did not get a table in time, or waited in a circle with others that write: behind a statement that waits for a whole table everybody else
 * waits too, and whoever holds it (a dump, a forgotten session) may do so for hours.
 */
async function patiently<Result>(
  name: string,
  client: pg.Client,
  body: () => Promise<Result>,
): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await inTransaction(client, body);
    } catch (error) {
      const state = sqlStateOf(error);
      if (state !== lockNotAvailable && state !== deadlockDetected) throw error;
      if (tries === mostTries) throw tableHeld(name, error);
      await sleep(pauseMs);
    }
  }
}

/** What `migrate` would do; changes nothing. */
export async function planMigration(
  client: pg.Client,
  name: string,
  steps: readonly Migration[] = migrations,
): Promise<SchemaChange> {
  const ownVersion = versionOf(steps);
  const found = await readMeta(client, name, ownVersion);
  if (found !== undefined) refuseUnfinished(found, name);
  return { from: found?.version, to: Math.max(ownVersion, found?.version ?? 0) };
}

function indexesOf(steps: readonly Migration[]): readonly AddedIndex[] {
  return steps.flatMap(({ indexes = [] }) => indexes);
}

/** The schema version that this program writes. */
export const schemaVersion = versionOf(migrations);

function versionOf(steps: readonly Migration[]): number {
  return Math.max(...steps.map(({ version }) => version));
}

/** Nobody else migrates, or begins or ends a copy, until the transaction ends. */
export async function lockSchema(client: pg.Client): Promise<void> {
  await client.query(unhurried("SELECT pg_advisory_xact_lock($1)", [lockNumber]));
}

/** Undefined where there is no schema yet; refuses one that is not ours. */
export async function readMetaValues(client: pg.Client): Promise<ReadonlyMap<string, string> | undefined> {
  const { rows: tables } = await client.query<{ has_meta: boolean; count: number }>(
    `SELECT to_regclass($1) IS NOT NULL AS has_meta,
       (SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = $2) AS count`,
    [`${schemaName}.meta`, schemaName],
  );
  if (tables[0]?.has_meta !== true) {
    if ((tables[0]?.count ?? 0) === 0) return undefined;
    throw new StoreUnavailableError(
      "NOT_OURS",
      `The schema ${schemaName} holds tables of another program; choose another database.`,
    );
  }
  const { rows } = await client.query<{ key: string; value: string }>("SELECT key, value FROM meta");
  return new Map(rows.map(({ key, value }) => [key, value]));
}

/** Refuses also what this program cannot read. */
async function readMeta(client: pg.Client, name: string, ownVersion: number): Promise<Meta | undefined> {
  const values = await readMetaValues(client);
  if (values === undefined) return undefined;
  const mark = readMark(values);
  const storeId = values.get("store_id") ?? "";
  const meta: Meta = {
    storeId,
    line: readLine(values, storeId),
    version: Number(values.get("version")),
    minReader: Number(mark?.minReader ?? values.get("min_reader")),
    mark,
  };
  if (meta.minReader > ownVersion) throw newer(name, meta, ownVersion);
  return meta;
}

function refuseUnfinished({ mark }: Meta, name: string): void {
  if (mark === undefined) return;
  throw new StoreUnavailableError(
    "UNFINISHED_COPY",
    `${name} holds a copy of a SQLite store that was cut off. Run \`sms-relay copy\` again, which goes on with it, or drop the schema ${schemaName}.`,
  );
}

async function create(client: pg.Client, storeId: string): Promise<Meta> {
  await client.query(`CREATE SCHEMA IF NOT EXISTS ${schemaName}`);
  await client.query('CREATE TABLE meta (key text COLLATE "C" PRIMARY KEY, value text NOT NULL)');
  await client.query("INSERT INTO meta VALUES ('store_id', $1), ('version', '0'), ('min_reader', '0')", [
    storeId,
  ]);
  return { storeId, line: readLine(new Map(), storeId), version: 0, minReader: 0, mark: undefined };
}

function tableHeld(name: string, cause: unknown): StoreUnavailableError {
  return new StoreUnavailableError(
    "FAILED",
    `${name} cannot be migrated: another session holds a table for minutes. Wait for its end (a dump?), or end it, and start again.`,
    cause,
  );
}

function newer(name: string, { version, minReader }: Meta, ownVersion: number): StoreUnavailableError {
  return new StoreUnavailableError(
    "NEWER_SCHEMA",
    `${name} has schema ${version}, which needs a program that reads schema ${minReader}; this one reads ${ownVersion}. ` +
      "Start the newer release, or restore the backup made before it.",
  );
}

/** For what may take long, and wait long for others. */
export async function inTransaction<Result>(client: pg.Client, body: () => Promise<Result>): Promise<Result> {
  await client.query("BEGIN");
  try {
    await client.query("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0");
    const result = await body();
    await client.query("COMMIT");
    return result;
  } catch (error) {
    await client.query("ROLLBACK").catch(() => undefined);
    throw error;
  }
}

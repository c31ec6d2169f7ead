/**
 * Brings the file to this program's schema, one numbered step a transaction. A newer file is refused only where its `min_reader` is
 * above what this program can read, so that releases overlap.
 */
import type { DatabaseSync } from "node:sqlite";
import { sqliteMigrations } from "../migrations/list.ts";
import type { MigratedStore, Migration, SchemaChange } from "../schema-change.ts";
import { StoreUnavailableError } from "../store-unavailable-error.ts";
import { applicationId, foreignFile } from "./check-file.ts";
import { initialSchema } from "./migrations/0001-initial.ts";
import { reportLines } from "./migrations/0002-report-lines.ts";
import { overwritesKey } from "./rewrite-file.ts";

export const migrations: readonly Migration[] = [initialSchema, reportLines, ...sqliteMigrations];

/** The schema version that this program writes. */
export const schemaVersion = Math.max(...migrations.map(({ version }) => version));

/** The whole schema, as a file made by this program has it. */
export const schemaSql = migrations.map(({ sql }) => sql).join("\n");

/** Checks and migrates the file at `path`; a store that is new gets its id with the schema. */
export function migrate(
  db: DatabaseSync,
  path: string,
  newStoreId: () => string,
  steps: readonly Migration[] = migrations,
): MigratedStore {
  const { from } = planMigration(db, path);
  if (from === undefined) create(db, newStoreId());
  for (const migration of steps) {
    if (migration.version > (from ?? 0)) apply(db, migration);
  }
  const storeId = String(db.prepare("SELECT value FROM meta WHERE key = 'store_id'").get()?.["value"]);
  return { storeId, from, to: readNumber(db, "version") };
}

/** What `migrate` would do; changes nothing. Refuses a file that is not ours or that this program cannot read. */
export function planMigration(db: DatabaseSync, path: string): SchemaChange {
  const found = Number(db.prepare("PRAGMA application_id").get()?.["application_id"]);
  if (found !== applicationId) {
    const tables = Number(db.prepare("SELECT count(*) AS count FROM sqlite_schema").get()?.["count"]);
    if (tables === 0) return { from: undefined, to: schemaVersion };
    throw foreignFile(path);
  }
  const version = readNumber(db, "version");
  const minReader = readNumber(db, "min_reader");
  if (minReader > schemaVersion) {
    throw new StoreUnavailableError(
      "NEWER_SCHEMA",
      `${path} has schema ${version}, which needs a program that reads schema ${minReader}; this one reads ${schemaVersion}. ` +
        "Start the newer release, or restore the backup made before it.",
    );
  }
  return { from: version, to: Math.max(version, schemaVersion) };
}

function create(db: DatabaseSync, storeId: string): void {
  inTransaction(db, () => {
    db.exec(`PRAGMA application_id = ${applicationId}`);
    db.exec("CREATE TABLE meta (key TEXT NOT NULL PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID");
    const insert = db.prepare("INSERT INTO meta (key, value) VALUES (?, ?)");
    insert.run("store_id", storeId);
    insert.run("version", 0);
    insert.run("min_reader", 0);
    insert.run("epoch", 0);
    insert.run(overwritesKey, 1);
  });
}

function apply(db: DatabaseSync, { version, minReader, sql }: Migration): void {
  inTransaction(db, () => {
    db.exec(sql);
    db.prepare("UPDATE meta SET value = ? WHERE key = 'version'").run(version);
    // A later step takes nothing back of what an earlier one asks of readers.
    db.prepare("UPDATE meta SET value = max(value, ?) WHERE key = 'min_reader'").run(minReader);
  });
}

function readNumber(db: DatabaseSync, key: string): number {
  return Number(db.prepare("SELECT value FROM meta WHERE key = ?").get(key)?.["value"]);
}

function inTransaction(db: DatabaseSync, body: () => void): void {
  db.exec("BEGIN IMMEDIATE");
  try {
    body();
    db.exec("COMMIT");
  } catch (error) {
    // After some failures (a full disk) SQLite has rolled back by itself.
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

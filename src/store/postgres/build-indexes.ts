/**
 * Builds the indexes that a migration adds to tables that may be large, beside replicas that go on writing: outside of its transaction,
 * CONCURRENTLY, and each before the one that it replaces is dropped. The next start finishes what was cut off; until then the former one
 * serves.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import type { Logger } from "../../observability/logger.ts";
import type { AddedIndex } from "../schema-change.ts";
import { schemaName, unhurried } from "./connect.ts";

/** "SMSI": the session's lock for building. It is tried, never waited for: what waits has a snapshot, and building waits for all of those. */
const lockNumber = 0x534d5349;
const lookAgainMs = 200;
/** Building waits for transactions that began before it, and nobody waits behind it: a dump may hold it up. */
const waitForOthers = "10min";

const indexesOfSchema = `SELECT c.relname AS name, i.indisvalid AS "isValid"
  FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
  WHERE c.relnamespace = $1::regnamespace`;

/** How long it waits for another process that builds. */
const waitForBuilderMs = 60_000;

export interface BuildOptions {
  /** Hears what goes on. With it a failure is only logged, so that a start goes on without the index; else it rejects. */
  readonly log?: Pick<Logger, "info" | "warn"> | undefined;
  readonly waitMs?: number;
}

/** Resolves at once where nothing is missing; waits a while where another process builds. */
export async function buildIndexes(
  client: pg.Client,
  added: readonly AddedIndex[],
  options: BuildOptions = {},
): Promise<void> {
  try {
    await buildOrWait(client, added, options);
  } catch (err) {
    if (options.log === undefined) throw err;
    options.log.warn(
      { err },
      "Indexes of the database could not be built; work goes on without them, and the next start builds what is missing.",
    );
  }
}

async function buildOrWait(
  client: pg.Client,
  added: readonly AddedIndex[],
  { log, waitMs = waitForBuilderMs }: BuildOptions,
): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += lookAgainMs) {
    const missing = await readMissing(client, added);
    if (missing.length === 0) return;
    const { rows } = await client.query<{ locked: boolean }>("SELECT pg_try_advisory_lock($1) AS locked", [
      lockNumber,
    ]);
    if (rows[0]?.locked === true) {
      log?.info(
        { indexes: missing.map(({ index }) => index.name) },
        "Indexes of the database are built first.",
      );
      await withPatience(client, () => buildMissing(client, added)).finally(() =>
        client.query("SELECT pg_advisory_unlock($1)", [lockNumber]),
      );
      return;
    }
    if (waitedMs >= waitMs) throw new Error("another process has been building them for long");
    if (waitedMs === 0)
      log?.info({ waitMs }, "Another process builds indexes of the database; waiting for it.");
    await sleep(lookAgainMs);
  }
}

interface MissingIndex {
  readonly index: AddedIndex;
  /** Where it is built, only the former one is left to be dropped. */
  readonly state: "absent" | "broken" | "built";
}

async function readMissing(
  client: pg.Client,
  added: readonly AddedIndex[],
): Promise<readonly MissingIndex[]> {
  const { rows } = await client.query<{ name: string; isValid: boolean }>(indexesOfSchema, [schemaName]);
  const found = new Map(rows.map(({ name, isValid }) => [name, isValid]));
  return added.flatMap((index): readonly MissingIndex[] => {
    const isValid = found.get(index.name);
    if (isValid !== true) return [{ index, state: isValid === undefined ? "absent" : "broken" }];
    return index.former !== undefined && found.has(index.former) ? [{ index, state: "built" }] : [];
  });
}

async function buildMissing(client: pg.Client, added: readonly AddedIndex[]): Promise<void> {
  for (const { index, state } of await readMissing(client, added)) {
    const { name, on, former } = index;
    // What a building leaves that was cut off is written to and never read.
    if (state === "broken") await client.query(unhurried(`DROP INDEX CONCURRENTLY ${name}`));
    if (state !== "built") await client.query(unhurried(`CREATE INDEX CONCURRENTLY ${name} ON ${on}`));
    if (former !== undefined) await client.query(unhurried(`DROP INDEX CONCURRENTLY IF EXISTS ${former}`));
  }
}

async function withPatience(client: pg.Client, body: () => Promise<void>): Promise<void> {
  const { rows } = await client.query<{ statement: string; lock: string }>(
    `SELECT current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock,
       set_config('statement_timeout', '0', false), set_config('lock_timeout', $1, false)`,
    [waitForOthers],
  );
  try {
    await body();
  } finally {
    await client.query(
      "SELECT set_config('statement_timeout', $1, false), set_config('lock_timeout', $2, false)",
      [rows[0]?.statement, rows[0]?.lock],
    );
  }
}

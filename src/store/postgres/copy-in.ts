/**
 * A database as the target of a copy: marked while it is filled, piece by piece with the place that was reached, and whole only once
 * its counts were compared. Goes on where a copy of the same store was cut off, and begins anew where the store or the schema has changed since.
 */
import type pg from "pg";
import {
  type CopiedRow,
  type CopiedTable,
  type CopyOrigin,
  type CopyPosition,
  copiedTables,
} from "../copied-tables.ts";
import type { Migration } from "../schema-change.ts";
import { StoreUnavailableError } from "../store-unavailable-error.ts";
import { schemaName, unhurried } from "./connect.ts";
import { type CopyMark, isWholeCopy, moveMark, readMark, removeMark, setMark, setMeta } from "./copy-mark.ts";
import { inTransaction, lockSchema, migrateTarget, readMetaValues } from "./migrate.ts";
import { packText } from "./pack-text.ts";
import { lineRows } from "./report-line.ts";

export interface CopyTarget {
  /** The copy was finished before: nothing is left to be done. */
  readonly isWhole: boolean;
  /** It goes on, or begins anew, where a copy of the same store was cut off. */
  readonly isMarked: boolean;
  /** The last row that is there already; undefined at the beginning. */
  readonly position: CopyPosition | undefined;
  columnsOf(table: CopiedTable): readonly string[];
  /** The rows, and that they are there, in one transaction. */
  append(table: CopiedTable, rows: readonly CopiedRow[]): Promise<void>;
  /** Compares the counts by table, and lets services start. */
  finish(counts: ReadonlyMap<string, number>): Promise<void>;
}

interface CatalogColumn {
  readonly table_name: string;
  readonly column_name: string;
  readonly data_type: string;
  readonly is_identity: boolean;
}

const catalog = `SELECT table_name, column_name, data_type, is_identity = 'YES' AS is_identity
  FROM information_schema.columns WHERE table_schema = $1 ORDER BY table_name, ordinal_position`;

/** Refuses with NOT_EMPTY where the database is or was in use. */
export async function openCopyTarget(
  client: pg.Client,
  name: string,
  origin: CopyOrigin,
  steps?: readonly Migration[],
): Promise<CopyTarget> {
  const values = (await readMetaValues(client)) ?? new Map<string, string>();
  const isMarked = readMark(values) !== undefined;
  if (!isMarked && isWholeCopy(values, origin)) return wholeTarget;
  await migrateTarget(client, name, () => origin.storeId, steps);
  const begun = await inTransaction(client, () => begin(client, name, origin));
  let mark = begun;
  const { rows: columns } = await client.query<CatalogColumn>(catalog, [schemaName]);
  return {
    isWhole: false,
    isMarked,
    position: begun.position,
    columnsOf: ({ table }) =>
      columns.filter(({ table_name }) => table_name === table).map(({ column_name }) => column_name),
    async append({ table, key }, rows) {
      const [first, last] = [rows[0], rows.at(-1)];
      if (first === undefined || last === undefined) return;
      const copied = columns.filter(
        ({ table_name, column_name }) => table_name === table && column_name in first,
      );
      const names = copied.map(({ column_name }) => column_name).join(", ");
      const arrays = copied.map(({ data_type }, index) => `$${index + 1}::${data_type}[]`).join(", ");
      const packed = rows.map(packRow);
      const after = key.map((column) => last[column] as string | number);
      const reached = { ...mark, position: { table, after } };
      await inTransaction(client, async () => {
        await client.query(
          `INSERT INTO ${table} (${names}) OVERRIDING SYSTEM VALUE
           SELECT ${names} FROM unnest(${arrays}) AS r (${names})`,
          copied.map(({ column_name }) => packed.map((row) => row[column_name])),
        );
        await keepMark(client, name, reached);
      });
      mark = reached;
    },
    finish: (counts) =>
      inTransaction(client, async () => {
        await lockSchema(client);
        await keepMark(client, name, mark);
        await refuseReplicas(client, name);
        await compareCounts(client, name, counts);
        for (const column of columns) if (column.is_identity) await raiseSequence(client, column);
        await removeMark(client, mark);
      }),
  };
}

const wholeTarget: CopyTarget = {
  isWhole: true,
  isMarked: false,
  position: undefined,
  columnsOf: () => [],
  append: async () => {},
  finish: async () => {},
};

async function begin(client: pg.Client, name: string, origin: CopyOrigin): Promise<CopyMark> {
  await lockSchema(client);
  const values = (await readMetaValues(client)) ?? new Map<string, string>();
  const mark = readMark(values);
  await refuseReplicas(client, name);
  if (mark === undefined) await refuseRows(client, name);
  else if (mark.origin.storeId !== origin.storeId) throw notEmpty(name, "a copy of another store");
  else if (isSameState(mark, origin) && mark.position !== undefined) return mark;
  else await removeRows(client);
  // A feature that is in use goes on in the copy.
  const minReader = String(Math.max(Number(mark?.minReader ?? values.get("min_reader")), origin.minReader));
  const fresh: CopyMark = { origin, minReader, position: undefined };
  await client.query("DELETE FROM replicas");
  await setMeta(client, [["store_id", origin.storeId], ...lineRows(origin)]);
  await setMark(client, fresh);
  return fresh;
}

function isSameState({ origin: { epoch, lineId } }: CopyMark, origin: CopyOrigin): boolean {
  return epoch === origin.epoch && lineId === origin.lineId;
}

async function keepMark(client: pg.Client, name: string, mark: CopyMark): Promise<void> {
  if (await moveMark(client, mark)) return;
  throw new StoreUnavailableError("FAILED", `The copy into ${name} was ended by somebody else.`);
}

/** What PostgreSQL cannot hold, or reads otherwise, is escaped; it occurs only in people's texts, so all may be treated alike. */
function packRow(row: CopiedRow): CopiedRow {
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => [
      column,
      typeof value === "string" ? packText(value) : value,
    ]),
  );
}

async function refuseReplicas(client: pg.Client, name: string): Promise<void> {
  const { rowCount } = await client.query(
    "SELECT 1 FROM replicas WHERE NOT is_dead AND lease_until > clock_timestamp() LIMIT 1",
  );
  if (rowCount !== 0) throw notEmpty(name, "a service that runs");
}

async function refuseRows(client: pg.Client, name: string): Promise<void> {
  for (const { table, ownRows } of copiedTables) {
    const { rowCount } = await client.query(
      `SELECT 1 FROM ${table} WHERE NOT (${ownRows ?? "false"}) LIMIT 1`,
    );
    if (rowCount !== 0) throw notEmpty(name, `rows in ${table}`);
  }
}

async function removeRows(client: pg.Client): Promise<void> {
  for (const { table, ownRows } of copiedTables) {
    if (ownRows === undefined) await client.query(unhurried(`TRUNCATE ${table}`));
    else await client.query(unhurried(`DELETE FROM ${table} WHERE NOT (${ownRows})`));
  }
}

function notEmpty(name: string, what: string): StoreUnavailableError {
  return new StoreUnavailableError(
    "NOT_EMPTY",
    `${name} has ${what}; a copy goes into an empty schema ${schemaName} only.`,
  );
}

async function compareCounts(
  client: pg.Client,
  name: string,
  counts: ReadonlyMap<string, number>,
): Promise<void> {
  for (const { table, ownRows } of copiedTables) {
    const { rows } = await client.query<{ count: number }>(
      unhurried(`SELECT count(*) AS count FROM ${table} WHERE NOT (${ownRows ?? "false"})`),
    );
    const [copied, expected] = [rows[0]?.count, counts.get(table)];
    if (copied === expected) continue;
    throw new StoreUnavailableError(
      "FAILED",
      `${name} has ${copied} rows in ${table}, and the file has ${expected}. Drop the schema ${schemaName} and copy again.`,
    );
  }
}

/** The next number of an identity column comes after the last that was copied. */
async function raiseSequence(client: pg.Client, { table_name, column_name }: CatalogColumn): Promise<void> {
  await client.query(
    `SELECT setval(pg_get_serial_sequence($1, $2), coalesce(max(${column_name}), 0) + 1, false) FROM ${table_name}`,
    [`${schemaName}.${table_name}`, column_name],
  );
}

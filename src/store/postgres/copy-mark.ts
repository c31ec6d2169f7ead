/**
 * The mark of a copy that is not finished. No program starts on it: this one knows the mark, and those before it find a schema that
 * none of them can read.
 */
import type pg from "pg";
import type { CopyOrigin, CopyPosition } from "../copied-tables.ts";

export interface CopyMark {
  readonly origin: CopyOrigin;
  /** What the schema says once the copy is whole. */
  readonly minReader: string;
  /** Undefined before the first row. */
  readonly position: CopyPosition | undefined;
}

const key = "copy";
/** Stays: by it a copy that is repeated, since the answer to its last commit was lost, finds that it is whole. */
const wholeKey = "copied_from";
const nobody = "1000000";

export function readMark(meta: ReadonlyMap<string, string>): CopyMark | undefined {
  const value = meta.get(key);
  return value === undefined ? undefined : (JSON.parse(value) as CopyMark);
}

export async function setMark(client: pg.Client, mark: CopyMark): Promise<void> {
  await setMeta(client, [
    [key, JSON.stringify(mark)],
    ["min_reader", nobody],
  ]);
}

/** Answers whether there was one to move. */
export async function moveMark(client: pg.Client, mark: CopyMark): Promise<boolean> {
  const { rowCount } = await client.query("UPDATE meta SET value = $2 WHERE key = $1", [
    key,
    JSON.stringify(mark),
  ]);
  return rowCount === 1;
}

/** With the commit of this the copy is whole. */
export async function removeMark(client: pg.Client, { minReader, origin }: CopyMark): Promise<void> {
  await client.query("DELETE FROM meta WHERE key = $1", [key]);
  await setMeta(client, [
    ["min_reader", minReader],
    [wholeKey, JSON.stringify(stateOf(origin))],
  ]);
}

/** Whether the database is the whole copy of the file in this very state. */
export function isWholeCopy(meta: ReadonlyMap<string, string>, origin: CopyOrigin): boolean {
  return meta.get(wholeKey) === JSON.stringify(stateOf(origin));
}

function stateOf({ storeId, epoch, lineId }: CopyOrigin) {
  return { storeId, epoch, lineId };
}

/** Never lowers it, whatever a feature that came into use since the schema was looked at has asked for. */
export async function raiseMinReader(client: pg.Client, minReader: number): Promise<void> {
  await client.query(
    "UPDATE meta SET value = greatest(value::bigint, $1::bigint)::text WHERE key = 'min_reader'",
    [minReader],
  );
}

export async function setMeta(
  client: pg.Client,
  rows: readonly (readonly [key: string, value: string])[],
): Promise<void> {
  for (const row of rows) {
    await client.query(
      "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
      [...row],
    );
  }
}

/** Rows as arrays by column, which is how a batch goes to the server: one array a column, unnested there. */
import type { Scalar, Value } from "./statement.ts";

export type ColumnType = "text" | "smallint" | "integer" | "bigint" | "bytea";

/** The columns of a row by name, with the types of their arrays. */
export type Columns<Row> = { readonly [Name in keyof Row & string]: ColumnType };

/** `$from::text[], $from+1::bigint[], …` in the order of the columns. */
export function arraysOf<Row>(columns: Columns<Row>, from = 1): string {
  return Object.values<ColumnType>(columns)
    .map((type, index) => `$${from + index}::${type}[]`)
    .join(", ");
}

/** `account_id, id, …` in the order of the columns. */
export function namesOf<Row>(columns: Columns<Row>): string {
  return Object.keys(columns).join(", ");
}

/** The values of `arraysOf`. */
export function valuesOf<Row extends { readonly [Name in keyof Row]: Scalar }>(
  columns: Columns<Row>,
  rows: readonly Row[],
): readonly Value[] {
  return (Object.keys(columns) as (keyof Row & string)[]).map((name) => rows.map((row) => row[name]));
}

/** `INSERT INTO … SELECT … FROM unnest(…)`. */
export function insertOf<Row>(table: string, columns: Columns<Row>): string {
  const names = namesOf(columns);
  return `INSERT INTO ${table} (${names}) SELECT ${names} FROM unnest(${arraysOf(columns)}) AS r (${names})`;
}

/**
 * Rows of a batch as a statement reads them. A column goes to the server as one array, unnested there; one whose value is the same in
 * all rows goes as that value, since each array that is unnested costs about 0.4 µs a row (17 arrays 9.8 µs, four and the rest as
 * values 5.4), and one of numbers is looked into at the row's place. Which columns differ makes a statement of its own.
 */
import type { ElementType, Scalar } from "./pack-array.ts";
import { type Connection, type Statement, statement, type Value } from "./statement.ts";

/** The columns of a row by name, with their types. */
export type Columns<Row> = { readonly [Name in keyof Row & string]: ElementType };

/** Sends the rows, of which there is at least one, and answers what the statement returns. */
export type SendRows<Row, Answer = never> = (
  connection: Connection,
  rows: readonly Row[],
) => Promise<readonly Answer[]>;

export interface RowsStatement<Row> {
  readonly name: string;
  readonly columns: Columns<Row>;
  /** Always arrays: by one value of a key the planner might read a whole index (ADR 84). */
  readonly keys: readonly (keyof Row & string)[];
  /** The text; `source` goes behind FROM and has the columns under the name r. */
  readonly textOf: (source: string) => string;
}

/** Statements that a connection prepares for one kind of batch; what differs otherwise goes with all columns as arrays. */
const mostVariants = 24;

export function createSendRows<Row extends { readonly [Name in keyof Row]: Scalar }, Answer = never>({
  name,
  columns,
  keys,
  textOf,
}: RowsStatement<Row>): SendRows<Row, Answer> {
  const names = Object.keys(columns) as (keyof Row & string)[];
  const variants = new Map<string, Statement<Answer>>();
  const all = "1".repeat(names.length);

  function statementOf(variant: string): Statement<Answer> {
    const known = variants.get(variant);
    if (known !== undefined) return known;
    const made = statement<Answer>(`${name} ${variant}`, textOf(sourceOf(columns, variant)));
    variants.set(variant, made);
    return made;
  }

  return (connection, rows) => {
    const exact = names
      .map((column) => (keys.includes(column) || differs(rows, column) ? "1" : "0"))
      .join("");
    const variant = variants.has(exact) || variants.size < mostVariants ? exact : all;
    const values = names.map(
      (column, index): Value =>
        variant[index] === "1" ? rows.map((row) => row[column]) : (rows[0]?.[column] ?? null),
    );
    return connection.all(statementOf(variant), ...values);
  };
}

/** `INSERT INTO … SELECT … FROM` the rows of a batch. */
export function createInsertRows<Row extends { readonly [Name in keyof Row]: Scalar }>(
  table: string,
  columns: Columns<Row>,
  key: keyof Row & string,
): SendRows<Row> {
  const names = Object.keys(columns).join(", ");
  return createSendRows({
    name: `insert_${table}`,
    columns,
    keys: [key],
    textOf: (source) => `INSERT INTO ${table} (${names}) SELECT ${names} FROM ${source}`,
  });
}

function differs<Row>(rows: readonly Row[], column: keyof Row): boolean {
  const value = rows[0]?.[column];
  return rows.some((row) => row[column] !== value);
}

/**
 * Rows of the columns that `variant` marks, beside the values of the others. Arrays of numbers are looked into at the row's place, which
 * costs less than to unnest them (each array that is, has a buffer of its own at the server); those of texts would be walked.
 */
function sourceOf<Row>(columns: Columns<Row>, variant: string): string {
  const marked = Object.entries<ElementType>(columns).flatMap(([name, type], index) =>
    variant[index] === "1" ? [{ name, type, array: `$${index + 1}::${type}[]` }] : [],
  );
  const texts = marked.filter(({ type }) => type === "text" || type === "bytea");
  const unnested = texts.length > 0 ? texts : marked.slice(0, 1);
  const selected = Object.entries<ElementType>(columns).map(([name, type], index) => {
    const column = marked.find((one) => one.name === name);
    if (column === undefined) return `$${index + 1}::${type} AS ${name}`;
    return unnested.includes(column) ? `a.${name}` : `(${column.array})[a.nth_row::integer] AS ${name}`;
  });
  const arrays = unnested.map(({ array }) => array).join(", ");
  const names = [...unnested.map(({ name }) => name), "nth_row"].join(", ");
  return `(SELECT ${selected.join(", ")} FROM unnest(${arrays}) WITH ORDINALITY AS a (${names})) AS r`;
}

/**
 * The yardstick of bulk accepting: the rows that the service wrote, read from a copy of its database and inserted again
 * into an empty one with the same schema, by prepared statements with a commit every 2,000 deliveries. For each line on
 * standard input it inserts them once and prints the deliveries a second.
 */
import { rmSync } from "node:fs";
import { createInterface } from "node:readline";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";

const DELIVERIES_A_COMMIT = 2_000;
const [sourcePath = "", targetPath = ""] = process.argv.slice(2);

interface TableRows {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly SQLInputValue[])[];
}

function readSource(): { readonly schema: readonly string[]; readonly tables: readonly TableRows[] } {
  using source = new DatabaseSync(sourcePath, { readOnly: true });
  const objects = source
    .prepare("select type, name, sql from sqlite_schema where sql is not null and name not like 'sqlite_%'")
    .all();
  const tables = objects.filter((object) => object["type"] === "table");
  return {
    schema: objects.map((object) => String(object["sql"])),
    tables: tables.map((table) => readTable(source, String(table["name"]))),
  };
}

function readTable(source: DatabaseSync, name: string): TableRows {
  const statement = source.prepare(`select * from "${name}"`);
  statement.setReadBigInts(true);
  const columns = statement.columns().map((column) => String(column.name));
  const rows = statement.all().map((row) => columns.map((column) => row[column] as SQLInputValue));
  return { name, columns, rows };
}

const { schema, tables } = readSource();
const deliveryCount = tables.find((table) => table.name === "deliveries")?.rows.length ?? 0;
const commits = Math.ceil(deliveryCount / DELIVERIES_A_COMMIT);

/** Seconds that inserting everything takes. */
function insertAll(): number {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(targetPath + suffix, { force: true });
  using target = new DatabaseSync(targetPath);
  target.exec("pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = off");
  for (const sql of schema) target.exec(sql);
  const inserts = tables.map(({ name, columns, rows }) => {
    const names = columns.map((column) => `"${column}"`).join(", ");
    const marks = columns.map(() => "?").join(", ");
    return { rows, statement: target.prepare(`insert into "${name}" (${names}) values (${marks})`) };
  });
  const start = performance.now();
  for (let commit = 0; commit < commits; commit++) {
    target.exec("begin immediate");
    for (const { rows, statement } of inserts) {
      const from = Math.floor((rows.length * commit) / commits);
      const to = Math.floor((rows.length * (commit + 1)) / commits);
      for (const row of rows.slice(from, to)) statement.run(...row);
    }
    target.exec("commit");
  }
  return (performance.now() - start) / 1_000;
}

process.stdout.write(`${deliveryCount}\n`);
for await (const _line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${deliveryCount / insertAll()}\n`);
}

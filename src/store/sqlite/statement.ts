/** Prepared statements with the types of their rows and parameters: the one border where rows of node:sqlite get a type. */
import type { DatabaseSync, SQLInputValue } from "node:sqlite";

export interface Statement<Row> {
  /** Runs it and answers how many rows it changed. */
  run(...parameters: SQLInputValue[]): number;
  get(...parameters: SQLInputValue[]): Row | undefined;
  all(...parameters: SQLInputValue[]): Row[];
}

/** Prepares `sql`; `Row` names the columns it answers. */
export function prepare<Row = never>(db: DatabaseSync, sql: string): Statement<Row> {
  const statement = db.prepare(sql);
  return {
    run: (...parameters) => Number(statement.run(...parameters).changes),
    get: (...parameters) => statement.get(...parameters) as Row | undefined,
    all: (...parameters) => statement.all(...parameters) as Row[],
  };
}

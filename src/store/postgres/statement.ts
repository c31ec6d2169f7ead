/** Statements with a name, by which a connection prepares them once, and the types of their rows: the one border of `pg`. */
import type { Duplex } from "node:stream";
import type pg from "pg";
import { type ElementType, elementTypesOf, packArray, type Scalar } from "./pack-array.ts";
import { sqlStateOf } from "./store-error.ts";

export type Value = Scalar | readonly Scalar[];

declare const rowOf: unique symbol;

export interface Statement<Row> {
  readonly name: string;
  readonly text: string;
  /** Of the parameters that are arrays, by their number. */
  readonly elementTypes: ReadonlyMap<number, ElementType>;
  readonly [rowOf]?: Row;
}

/** Names `text`, which casts each array that it takes; `Row` names the columns it answers. */
export function statement<Row = never>(name: string, text: string): Statement<Row> {
  return { name, text, elementTypes: elementTypesOf(text) };
}

function packed({ elementTypes }: Statement<unknown>, values: readonly Value[]): unknown[] {
  return values.map((value, index) => {
    const type = elementTypes.get(index + 1);
    return type !== undefined && Array.isArray(value) ? packArray(type, value as readonly Scalar[]) : value;
  });
}

export interface Connection {
  /** Runs it and answers its rows. Calls that are not awaited go out together and are answered in order. */
  all<Row>(statement: Statement<Row>, ...values: readonly Value[]): Promise<Row[]>;
  /** Runs it and answers how many rows it changed. */
  run(statement: Statement<unknown>, ...values: readonly Value[]): Promise<number>;
  /** Begins, ends: statements without values. */
  command(
    text: "BEGIN" | "COMMIT" | "ROLLBACK" | "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
  ): Promise<void>;
}

/** SQLSTATE of every statement of a transaction after the one that failed. */
const inFailedTransaction = "25P02";

export function connectionOf(client: pg.Client): Connection {
  let failure: unknown;
  // Statements go out together: those after the one that failed tell its reason, whoever asks first.
  const tell = (error: unknown): never => {
    if (failure !== undefined && sqlStateOf(error) === inFailedTransaction) throw failure;
    failure = error;
    throw error;
  };
  // The type leaves it out.
  const { stream } = (client as pg.Client & { readonly connection: { readonly stream: Duplex } }).connection;
  let isGathering = false;
  /** What is sent in one turn leaves with one write; a write for each statement cost a tenth of the main thread's time. */
  const gather = () => {
    if (isGathering) return;
    isGathering = true;
    stream.cork();
    process.nextTick(() => {
      isGathering = false;
      stream.uncork();
    });
  };
  const query = (statement: Statement<unknown>, values: readonly Value[]) => {
    gather();
    return client
      .query({ name: statement.name, text: statement.text, values: packed(statement, values) })
      .catch(tell);
  };
  return {
    all: async <Row>(statement: Statement<Row>, ...values: readonly Value[]) =>
      (await query(statement, values)).rows as Row[],
    run: async (statement, ...values) => (await query(statement, values)).rowCount ?? 0,
    command: async (text) => {
      gather();
      await client.query(text).catch(tell);
    },
  };
}

/** The first row of an answer. */
export function first<Row>(rows: readonly Row[]): Row | undefined {
  return rows[0];
}

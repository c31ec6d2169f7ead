/**
 * Statements in the SQL that both databases understand, and steps made of them. A step is a generator: it yields one statement at a time
 * and does not know whether the answer comes at once (SQLite's thread) or over a socket (PostgreSQL), so that it is written once. It
 * touches at most 500 rows, and never throws for what can be expected: a batch that throws is run again with all its neighbours.
 */
import type { SmsErrorDetails } from "../../domain/errors.ts";
import type { StatusCodeName } from "../../domain/status-code.ts";

export type SqlValue = string | number | null | Uint8Array;

declare const rowOf: unique symbol;

/** `$1`, `$2` … are its parameters; `Row` names the columns that it answers. */
export interface Sql<Row> {
  readonly name: string;
  readonly text: string;
  readonly [rowOf]?: Row;
}

const named = new Map<string, Sql<unknown>>();

/** Every statement of every record, by its name. */
export const statements: ReadonlyMap<string, Sql<unknown>> = named;

/** Names `text`; PostgreSQL knows a prepared statement by its name, which nothing else may have. */
export function sql<Row = never>(name: string, text: string): Sql<Row> {
  if (named.has(name)) throw new RangeError(`two statements are called ${name}`);
  const made = { name, text };
  named.set(name, made);
  return made;
}

/** How many values stand in one list of a statement. One that is not full is padded, so that one text serves all lengths. */
export const listLength = 100;

/** Lists of that length. */
export function* padded<Value>(values: readonly Value[], filling: Value): Generator<readonly Value[]> {
  for (let from = 0; from < values.length; from += listLength) {
    const list = values.slice(from, from + listLength);
    yield [...list, ...new Array<Value>(listLength - list.length).fill(filling)];
  }
}

/** One statement that a step wants to have run. */
export interface Call {
  readonly sql: Sql<unknown>;
  readonly values: readonly SqlValue[];
  readonly wants: "rows" | "changes";
}

export type Step<Outcome> = Generator<Call, Outcome, unknown>;

export function* all<Row>(statement: Sql<Row>, ...values: readonly SqlValue[]): Step<readonly Row[]> {
  return (yield { sql: statement, values, wants: "rows" }) as readonly Row[];
}

export function* first<Row>(statement: Sql<Row>, ...values: readonly SqlValue[]): Step<Row | undefined> {
  return (yield* all(statement, ...values))[0];
}

/** Answers how many rows it changed. */
export function* run(statement: Sql<unknown>, ...values: readonly SqlValue[]): Step<number> {
  return (yield { sql: statement, values, wants: "changes" }) as number;
}

/** What a step answers instead of its outcome where it refuses; whoever asked the port gets it as an SmsError. */
export interface Refusal {
  readonly refusal: StatusCodeName;
  /** The code's own text where nothing is said. */
  readonly message?: string;
  readonly details: Pick<SmsErrorDetails, "quota" | "metadata" | "retryAfterMs">;
}

/** Runs steps on a connection, one statement after the other. Texts are packed on the way in and unpacked on the way out. */
import type { Call, Step } from "../records/sql.ts";
import { type RecordReads, type RecordWrites, recordReads, recordWrites } from "../records/steps.ts";
import { packText, unpackText } from "./pack-text.ts";
import { type Connection, statement } from "./statement.ts";

/** Runs the step of a writing operation. */
export function driveWrite<Kind extends keyof RecordWrites>(
  connection: Connection,
  kind: Kind,
  input: RecordWrites[Kind]["input"],
): Promise<RecordWrites[Kind]["outcome"]> {
  return drive(connection, recordWrites[kind], input) as Promise<RecordWrites[Kind]["outcome"]>;
}

export function driveRead<Kind extends keyof RecordReads>(
  connection: Connection,
  kind: Kind,
  input: RecordReads[Kind]["input"],
): Promise<RecordReads[Kind]["outcome"]> {
  return drive(connection, recordReads[kind], input) as Promise<RecordReads[Kind]["outcome"]>;
}

/** The lists of steps tie each name to its arguments and its outcome. */
function drive(
  connection: Connection,
  make: (...input: never) => Step<unknown>,
  input: readonly unknown[],
): Promise<unknown> {
  return driveStep(connection, (make as (...input: readonly unknown[]) => Step<unknown>)(...input));
}

/** A step that is no operation of its own. Its first statement is on its way when this returns. */
export async function driveStep<Outcome>(connection: Connection, step: Step<Outcome>): Promise<Outcome> {
  for (let next = step.next(); ; ) {
    if (next.done === true) return next.value;
    next = step.next(await answer(connection, next.value));
  }
}

async function answer(connection: Connection, { sql, values, wants }: Call): Promise<unknown> {
  const named = statement<Record<string, unknown>>(sql.name, sql.text);
  const packed = values.map((value) => (typeof value === "string" ? packText(value) : value));
  if (wants === "changes") return connection.run(named, ...packed);
  const rows = await connection.all(named, ...packed);
  for (const row of rows) {
    for (const [name, value] of Object.entries(row)) {
      if (typeof value === "string") row[name] = unpackText(value);
    }
  }
  return rows;
}

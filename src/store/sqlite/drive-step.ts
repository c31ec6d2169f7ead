/** Runs steps at once, on the thread that asks; each statement is prepared when it is first wanted. */
import type { DatabaseSync } from "node:sqlite";
import type { Sql, Step } from "../records/sql.ts";
import { kindsOf, type OperationsOf } from "../records/steps.ts";
import { prepare, type Statement } from "./statement.ts";

/** Called with the arguments of a step last; the writer's handlers are given the transaction first, which a step does not need. */
type Handlers<Operations extends OperationsOf<unknown>> = {
  readonly [Kind in keyof Operations]: Operations[Kind] extends { input: infer Input; outcome: infer Outcome }
    ? (...given: [...unknown[], Input]) => Outcome
    : never;
};

/** The steps as handlers on one connection. */
export function bindSteps<Steps extends object>(
  db: DatabaseSync,
  steps: Steps,
): Handlers<OperationsOf<Steps>> {
  const prepared = new Map<Sql<unknown>, Statement<unknown>>();
  const statementOf = (sql: Sql<unknown>): Statement<unknown> => {
    const known = prepared.get(sql) ?? prepare<unknown>(db, sql.text.replaceAll(/\$(\d+)/g, "?$1"));
    prepared.set(sql, known);
    return known;
  };
  const drive = (step: Step<unknown>): unknown => {
    for (let next = step.next(); ; ) {
      if (next.done === true) return next.value;
      const { sql, values, wants } = next.value;
      const statement = statementOf(sql);
      next = step.next(wants === "rows" ? statement.all(...values) : statement.run(...values));
    }
  };
  const handlers = kindsOf(steps).map((kind) => {
    const step = steps[kind] as (...input: unknown[]) => Step<unknown>;
    return [kind, (...given: unknown[]) => drive(step(...(given.at(-1) as unknown[])))];
  });
  // The list of steps ties each name to its arguments and its outcome.
  return Object.fromEntries(handlers);
}

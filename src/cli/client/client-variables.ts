/** What the command line reads of the environment for itself. */
import type { clientVariables } from "../../config/environment.ts";
import { emptyVariable } from "../../config/environment.ts";
import { type CliContext, usageFault } from "../context.ts";

/** The variable's value; one that is set and empty was to be filled from another, and is never taken for absent. */
export function readVariable(
  name: (typeof clientVariables)[number],
  { environment }: Pick<CliContext, "environment">,
): string | undefined {
  const value = environment[name];
  if (value === "") throw usageFault(`${name} ${emptyVariable}.`);
  return value;
}

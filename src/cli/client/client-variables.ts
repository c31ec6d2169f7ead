/** The environment variables that the command line reads for itself. */
import type { clientVariables } from "../../config/environment.ts";
import { emptyVariable } from "../../config/environment.ts";
import { type CliContext, usageFault } from "../context.ts";

/** The variable's value; one that is set but empty was meant to be filled from another, and is never taken for absent. */
export function readVariable(
  name: (typeof clientVariables)[number],
  { environment }: Pick<CliContext, "environment">,
): string | undefined {
  const value = environment[name];
  if (value === "") throw usageFault(`${name} ${emptyVariable}.`);
  return value;
}

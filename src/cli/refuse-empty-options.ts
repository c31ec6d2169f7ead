/** Refuses an option or argument that is given but empty (`--request-id "$ID"`): the shell was to fill it; it is never taken for absent. */
import type { Command } from "commander";
import { usageFault } from "./context.ts";

/** Arguments that the service judges, with all other faults of the request. */
const texts = new Set(["text"]);

/** Throws a usage fault that names the first one. */
export function refuseEmptyOptions(command: Command): void {
  for (const option of command.options) {
    const name = option.attributeName();
    if (command.getOptionValueSource(name) !== "cli") continue;
    const value: unknown = command.getOptionValue(name);
    if ([value].flat().includes("")) throw usageFault(`${option.long ?? option.flags} must not be empty.`);
  }
  command.registeredArguments.forEach((argument, index) => {
    const value: unknown = command.processedArgs[index];
    if (!texts.has(argument.name()) && [value].flat().includes(""))
      throw usageFault(`${argument.name()} must not be empty.`);
  });
}

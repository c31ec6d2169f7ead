/** Reads a hostile behaviour of the simulator from the command line, and says what is wrong with one. */
import { InvalidArgumentError } from "commander";
import { describeIssue, pathText, suggestName } from "../config/describe-issue.ts";
import { behaviourKinds, behaviourSchema } from "../smsc/behaviours/schema.ts";
import type { BehaviourSpec } from "../smsc/behaviours/spec.ts";

/** One behaviour from its JSON; throws InvalidArgumentError with every fault. */
export function parseBehaviour(value: string): BehaviourSpec {
  const data = jsonOf(value);
  const kind = typeof data === "object" && data !== null && "kind" in data ? data.kind : undefined;
  if (typeof kind !== "string") {
    throw new InvalidArgumentError('It must be JSON with a kind, such as {"kind":"no-receipt"}.');
  }
  const schema = behaviourSchema(kind);
  if (schema === undefined) {
    const meant = suggestName(kind, behaviourKinds);
    const hint = meant === undefined ? "." : `; did you mean ${meant}?`;
    throw new InvalidArgumentError(
      `kind ${kind} is not known${hint} Known are ${behaviourKinds.join(", ")}.`,
    );
  }
  const result = schema.safeParse(data, { reportInput: true });
  const checked: unknown = result.data;
  // The schemas stand beside the type and are tested against docs/simulator.md.
  if (result.success) return checked as BehaviourSpec;
  const names = Object.keys(schema.shape).filter((name) => name !== "kind");
  const faults = result.error.issues
    .flatMap((issue) => describeIssue(issue, () => names))
    .map(({ path, rule, unknownKey }) =>
      unknownKey === undefined
        ? `${pathText(path)} ${rule}`
        : `${pathText(path)} ${rule} (${kind} has ${names.join(", ")})`,
    );
  throw new InvalidArgumentError(`${faults.join("; ")}.`);
}

function jsonOf(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

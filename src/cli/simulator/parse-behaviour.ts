/** Reads a hostile behaviour of the simulator from the command line. */
import { InvalidArgumentError } from "commander";
import type { BehaviourSpec } from "../../smsc/behaviours/spec.ts";
import { checkBehaviour, faultText } from "./check-behaviour.ts";

/** One behaviour from its JSON; throws InvalidArgumentError with every fault. */
export function parseBehaviour(value: string): BehaviourSpec {
  const data = jsonOf(value);
  if (data === undefined) {
    throw new InvalidArgumentError('It must be JSON with a kind, such as {"kind":"no-receipt"}.');
  }
  const checked = checkBehaviour(data);
  if (checked.kind === "valid") return checked.value;
  throw new InvalidArgumentError(`${checked.faults.map((fault) => faultText(fault, "It")).join("; ")}.`);
}

function jsonOf(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

/** Reads an outcome by number from the simulator's command line. */
import { InvalidArgumentError } from "commander";
import type { OutcomeRule } from "../../smsc/outcome-rules.ts";

const states = [
  "DELIVRD",
  "EXPIRED",
  "DELETED",
  "UNDELIV",
  "ACCEPTD",
  "UNKNOWN",
  "REJECTD",
  "ENROUTE",
] as const;

/** `prefix=4673,state=UNDELIV` → a rule; throws InvalidArgumentError with what is wrong. */
export function parseRule(value: string): OutcomeRule {
  const number = (text: string): number => {
    if (/^(0x[0-9a-fA-F]+|[0-9]+)$/.test(text)) return Number(text);
    throw new InvalidArgumentError(`${text} is not a number.`);
  };
  let rule: OutcomeRule = {};
  for (const pair of value.split(",")) {
    const [name, text = ""] = pair.split("=", 2);
    if (name === "prefix") rule = { ...rule, prefix: text.replace(/^\+/, "") };
    else if (name === "suffix") rule = { ...rule, suffix: text };
    else if (name === "submitStatus") rule = { ...rule, submitStatus: number(text) };
    else if (name === "error") rule = { ...rule, error: number(text) };
    else if (name === "delayMs") rule = { ...rule, delayMs: number(text) };
    else if (name === "silent" && (text === "true" || text === "false"))
      rule = { ...rule, isSilent: text === "true" };
    else if (name === "silent") throw new InvalidArgumentError("silent must be true or false.");
    else if (name === "state") {
      const state = states.find((known) => known === text);
      if (state === undefined) throw new InvalidArgumentError(`state must be one of ${states.join(", ")}.`);
      rule = { ...rule, state };
    } else throw new InvalidArgumentError(`A rule has no ${name}.`);
  }
  return rule;
}

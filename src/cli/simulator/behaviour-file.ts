/** Reads the simulator's behaviours from a file of JSON or YAML: a list, or a group with the list `behaviours`. */
import { LineCounter, parseDocument } from "yaml";
import { type DescribedIssue, suggestName } from "../../config/describe-issue.ts";
import { locate } from "../../config/locate.ts";
import type { BehaviourSpec } from "../../smsc/behaviours/spec.ts";
import { type CliContext, usageFault } from "../context.ts";
import { readOptionFile } from "../option-values.ts";
import { type Checked, checkBehaviours, faultText } from "./check-behaviour.ts";

/** The behaviours in `file`; every fault is reported with its line, its entry and the rule, as wrong usage. */
export function readBehaviourFile(file: string, context: CliContext): readonly BehaviourSpec[] {
  const text = readOptionFile(file, "--behave-file", context).toString("utf8");
  const lines = new LineCounter();
  // JSON is YAML.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [broken] = document.errors;
  if (broken !== undefined) {
    const { line, col } = lines.linePos(broken.pos[0]);
    throw usageFault(
      `--behave-file: ${file}:${line}:${col}: it is neither JSON nor YAML: ${broken.message}.`,
    );
  }
  let data: unknown;
  try {
    data = document.toJS();
  } catch (error) {
    // Aliases are followed only now: one to nothing, or so many that they would fill the memory.
    throw usageFault(
      `--behave-file: ${file} cannot be read (${error instanceof Error ? error.message : error}).`,
    );
  }
  const checked = checkFile(data);
  if (checked.kind === "valid") return checked.value;
  const faults = checked.faults.map((fault) => {
    const { line, column } = locate(document, lines, fault.path, fault.unknownKey !== undefined);
    return `${file}:${line}:${column}: ${faultText(fault, "it")}`;
  });
  throw usageFault(`--behave-file: ${faults.join("; ")}.`);
}

function checkFile(data: unknown): Checked<readonly BehaviourSpec[]> {
  if (typeof data !== "object" || data === null || Array.isArray(data)) return checkBehaviours(data);
  const faults: readonly DescribedIssue[] = Object.keys(data)
    .filter((name) => name !== "behaviours")
    .map((name) => {
      const meant = suggestName(name, ["behaviours"]);
      const hint = meant === undefined ? "" : `; did you mean ${meant}?`;
      return { path: [name], unknownKey: name, rule: `is not a setting${hint}` };
    });
  if (faults.length > 0) return { kind: "faulty", faults };
  return checkBehaviours("behaviours" in data ? data.behaviours : undefined, ["behaviours"]);
}

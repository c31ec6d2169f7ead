/**
 * Where in an answer a value stands: `a.b[0]`, or `[*]` for every entry of a list, or `[to=${recipient}]` for the entry whose `to` is that
 * number, compared as numbers are.
 */
import { isSameNumber } from "../domain/phone-number.ts";

type Step =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "index"; readonly index: number }
  | { readonly kind: "every" }
  | { readonly kind: "recipient"; readonly name: string };

const stepForm =
  /^(?:\.?([A-Za-z_@#][A-Za-z0-9_@#-]*)|\[([0-9]{1,4})\]|\[(\*)\]|\[([A-Za-z_][A-Za-z0-9_-]*)=\$\{recipient\}\])/;

/** Undefined where `path` is not of that form. */
export function parsePath(path: string): readonly Step[] | undefined {
  const steps: Step[] = [];
  let rest = path;
  while (rest !== "") {
    const match = stepForm.exec(rest);
    if (match === null) return undefined;
    const [whole, name, index, every, recipient] = match;
    if (name !== undefined) steps.push({ kind: "name", name });
    else if (index !== undefined) steps.push({ kind: "index", index: Number(index) });
    else if (every !== undefined) steps.push({ kind: "every" });
    else if (recipient !== undefined) steps.push({ kind: "recipient", name: recipient });
    rest = rest.slice(whole.length);
  }
  return steps.length > 0 ? steps : undefined;
}

/** The texts, numbers and truth values at `path`, as text; groups and lists count as an empty text. */
export function readPath(root: unknown, path: string, recipient: string): readonly string[] {
  let found: readonly unknown[] = [root];
  for (const step of parsePath(path) ?? [])
    found = found.flatMap((value) => stepInto(value, step, recipient));
  return found.flatMap((value) => (value === undefined || value === null ? [] : [textOf(value)]));
}

function stepInto(value: unknown, step: Step, recipient: string): readonly unknown[] {
  if (step.kind === "name") return [fieldOf(value, step.name)];
  if (!Array.isArray(value)) return [];
  switch (step.kind) {
    case "index":
      return [value[step.index]];
    case "every":
      return value;
    case "recipient":
      return value.filter((entry) => isSameNumber(textOf(fieldOf(entry, step.name)), recipient));
  }
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name];
}

function textOf(value: unknown): string {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : "";
}

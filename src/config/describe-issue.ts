/** Turns what zod found into rules in plain words, with the name that was probably meant where one is misspelt. */
import type { z } from "zod";

/** One broken rule and the value that it is about. */
export interface DescribedIssue {
  readonly path: readonly PropertyKey[];
  /** Set where the fault is a name, not a value. */
  readonly unknownKey?: string;
  readonly rule: string;
}

/** `["gateways", 0, "port"]` → `gateways[0].port`. */
export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, step) =>
      typeof step === "number" ? `${text}[${step}]` : text === "" ? String(step) : `${text}.${String(step)}`,
    "",
  );
}

/**
 * Steps from one word to the other (optimal string alignment): a letter more, less, changed, or two neighbours swapped. Small
 * letters and capitals are the same.
 */
function distance(left: string, right: string): number {
  const [a, b] = [left.toLowerCase(), right.toLowerCase()];
  const rows = [Array.from({ length: b.length + 1 }, (_, index) => index)];
  const at = (i: number, j: number) => rows[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const changed = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwapped ? at(i - 2, j - 2) + 1 : changed;
      row.push(Math.min(changed, swapped, at(i - 1, j) + 1, at(i, j - 1) + 1));
    }
  }
  return at(a.length, b.length);
}

/** The name closest to `word`, where one is close enough to be meant. */
export function suggestName(word: string, names: readonly string[]): string | undefined {
  const ranked = names
    .map((name) => ({ name, steps: distance(word, name) }))
    .sort((left, right) => left.steps - right.steps);
  const best = ranked[0];
  return best !== undefined && best.steps <= Math.max(1, Math.floor(word.length / 3)) ? best.name : undefined;
}

const typeNames: Readonly<Record<string, string>> = {
  object: "a group of settings",
  array: "a list",
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  record: "a group of settings",
};

/** The rules that one issue stands for: one, or one for each unknown name. */
export function describeIssue(
  issue: z.core.$ZodIssue,
  namesAt: (path: readonly PropertyKey[]) => readonly string[],
): readonly DescribedIssue[] {
  const { path } = issue;
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((unknownKey) => {
      const meant = suggestName(unknownKey, namesAt(path));
      const hint = meant === undefined ? "" : `; did you mean ${meant}?`;
      return { path: [...path, unknownKey], unknownKey, rule: `is not a setting${hint}` };
    });
  }
  return [{ path, rule: ruleOf(issue) }];
}

function ruleOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined
        ? "is required"
        : `must be ${typeNames[issue.expected] ?? issue.expected}${hintOf(issue)}`;
    case "invalid_value":
      return issue.input === undefined ? "is required" : `must be ${listed(issue.values.map(String))}`;
    case "too_small":
      if (issue.origin !== "string" && issue.origin !== "array") return `must be at least ${issue.minimum}`;
      return issue.minimum === 1 ? "must not be empty" : `must be longer: at least ${issue.minimum}`;
    case "too_big":
      return `must be ${issue.origin === "string" || issue.origin === "array" ? "shorter: " : ""}at most ${issue.maximum}`;
    case "invalid_key":
      return issue.issues[0]?.message ?? "is not a name that can stand here";
    case "invalid_union":
      if ("discriminator" in issue) return ruleOfKind(issue);
      return issue.input === undefined ? "is required" : ruleOfUnion(issue);
    default:
      return issue.message;
  }
}

/** What a value of another type probably was meant as. */
function hintOf({ expected, input }: z.core.$ZodIssueInvalidType): string {
  if (expected === "string" && typeof input === "number") return `; write "${input}" in quotes`;
  if (expected === "object" && input === true) return "; write {} for its defaults";
  const wantsNumber = expected === "number" || expected === "int";
  if (wantsNumber && typeof input === "string" && input.trim() !== "" && Number.isFinite(Number(input)))
    return `; write ${input.trim()} without quotes`;
  return "";
}

interface NoMatch {
  readonly discriminator?: string | undefined;
  readonly input?: unknown;
  readonly options?: readonly unknown[];
}

/** The setting that tells which others there are is missing, or says none of what it can. */
function ruleOfKind({ discriminator, input, options }: NoMatch): string {
  const isGiven = typeof input === "object" && input !== null && Object.hasOwn(input, discriminator ?? "");
  return isGiven ? `must be ${listed((options ?? []).map(String))}` : "is required";
}

/** What is wrong in the form that was meant: the one whose type is right. */
function ruleOfUnion({ errors, message }: z.core.$ZodIssueInvalidUnion): string {
  const meant = errors.find((issues) =>
    issues.some(({ code, path }) => path.length > 0 || !isMismatch(code)),
  );
  const fault = meant?.find(({ code, path }) => path.length > 0 || !isMismatch(code));
  if (fault !== undefined) return ruleOf(fault);
  if (message !== "Invalid input") return message;
  const takesList = errors
    .flat()
    .some((issue) => issue.code === "invalid_type" && issue.expected === "array");
  return takesList ? "must be a text or a list of texts" : "has no form that is known";
}

function isMismatch(code: z.core.$ZodIssue["code"]): boolean {
  return code === "invalid_type" || code === "invalid_value";
}

function listed(values: readonly string[]): string {
  return values.length < 2 ? values.join("") : `one of ${values.join(", ")}`;
}

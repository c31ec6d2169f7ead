/** Checks hostile behaviours of the simulator, wherever they are written, and says in plain words what is wrong with them. */
import { type DescribedIssue, describeIssue, pathText, suggestName } from "../../config/describe-issue.ts";
import { behaviourKinds, behaviourSchema } from "../../smsc/behaviours/schema.ts";
import type { BehaviourSpec } from "../../smsc/behaviours/spec.ts";

/** Most behaviours in one list; each is asked at every message. */
export const MAX_BEHAVIOURS = 100;

export type Checked<T> =
  | { readonly kind: "valid"; readonly value: T }
  | { readonly kind: "faulty"; readonly faults: readonly DescribedIssue[] };

/** Checks one behaviour; the faults' paths begin with `path`. */
export function checkBehaviour(data: unknown, path: readonly PropertyKey[] = []): Checked<BehaviourSpec> {
  const kind = typeof data === "object" && data !== null && "kind" in data ? data.kind : undefined;
  if (typeof kind !== "string") return faulty(path, 'must have a kind, such as {"kind":"no-receipt"}');
  const schema = behaviourSchema(kind);
  if (schema === undefined) {
    const meant = suggestName(kind, behaviourKinds);
    const hint = meant === undefined ? "." : `; did you mean ${meant}?`;
    return faulty([...path, "kind"], `${kind} is not known${hint} Known are ${behaviourKinds.join(", ")}`);
  }
  const result = schema.safeParse(data, { reportInput: true });
  const checked: unknown = result.data;
  // The schemas stand beside the type and are tested against docs/simulator.md.
  if (result.success) return { kind: "valid", value: checked as BehaviourSpec };
  const names = Object.keys(schema.shape).filter((name) => name !== "kind");
  const faults = result.error.issues
    .flatMap((issue) => describeIssue(issue, () => names))
    .map((fault) => ({
      ...fault,
      path: [...path, ...fault.path],
      rule: fault.unknownKey === undefined ? fault.rule : `${fault.rule} (${kind} has ${names.join(", ")})`,
    }));
  return { kind: "faulty", faults };
}

/** Checks a list of them, and reports the faults of all. */
export function checkBehaviours(
  data: unknown,
  path: readonly PropertyKey[] = [],
): Checked<readonly BehaviourSpec[]> {
  if (!Array.isArray(data)) return faulty(path, "must be a list of behaviours");
  if (data.length > MAX_BEHAVIOURS) return faulty(path, `must be shorter: at most ${MAX_BEHAVIOURS}`);
  const checked = data.map((entry: unknown, index) => checkBehaviour(entry, [...path, index]));
  const faults = checked.flatMap((each) => (each.kind === "faulty" ? each.faults : []));
  if (faults.length > 0) return { kind: "faulty", faults };
  return { kind: "valid", value: checked.flatMap((each) => (each.kind === "valid" ? [each.value] : [])) };
}

/** `perSecond is required`; `whole` names what has no path. */
export function faultText({ path, rule }: DescribedIssue, whole: string): string {
  return `${path.length === 0 ? whole : pathText(path)} ${rule}`;
}

function faulty(path: readonly PropertyKey[], rule: string) {
  return { kind: "faulty", faults: [{ path, rule }] } as const;
}

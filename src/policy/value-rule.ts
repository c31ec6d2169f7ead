/** Lists of values that are allowed or denied, as a policy has them. */

/** Only these values, or all but these. */
export type ValueRule = { readonly allowed: readonly string[] } | { readonly denied: readonly string[] };

/** A rule as it is given: an empty or missing list is none. */
export interface ValueRuleInput {
  readonly allowed?: readonly string[] | undefined;
  readonly denied?: readonly string[] | undefined;
}

/** Tells what is wrong with one field, by its path in the policy. */
export type Refuse = (field: string, rule: string) => void;

/** Undefined where neither list has values, and where the rule is refused. */
export function parseValueRule(
  field: string,
  { allowed = [], denied = [] }: ValueRuleInput,
  isValue: (value: string) => boolean,
  wanted: string,
  refuse: Refuse,
): ValueRule | undefined {
  if (allowed.length > 0 && denied.length > 0) {
    refuse(field, "must have allowed or denied values, not both");
    return undefined;
  }
  for (const [name, values] of Object.entries({ allowed, denied }))
    for (const [index, value] of values.entries())
      if (!isValue(value)) refuse(`${field}.${name}[${index}]`, wanted);
  if (allowed.length > 0) return { allowed: tidy(allowed) };
  return denied.length > 0 ? { denied: tidy(denied) } : undefined;
}

function tidy(values: readonly string[]): readonly string[] {
  return [...new Set(values)].sort();
}

/** Tells whether a value passes; one that is not known passes a list of denied ones only. */
export function compileValueRule(rule: ValueRule): (value: string | undefined) => boolean {
  if ("allowed" in rule) {
    const allowed = new Set<string | undefined>(rule.allowed);
    return (value) => allowed.has(value);
  }
  const denied = new Set<string | undefined>(rule.denied);
  return (value) => !denied.has(value);
}

/** Which settings of two configurations differ, by their names in the file. */

/** `["limits.maxBacklog"]`; lists and whole groups that came or went are named, not what is in them. */
export function changedSettings(before: unknown, after: unknown, path = ""): readonly string[] {
  if (isGroup(before) && isGroup(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...names].flatMap((name) =>
      changedSettings(before[name], after[name], path === "" ? name : `${path}.${name}`),
    );
  }
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [path];
}

function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

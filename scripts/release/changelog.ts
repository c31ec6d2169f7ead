/** The notes of a release: its section of CHANGELOG.md. */

/** What stands below the heading of `version`, such as `## 0.1.0 (2026-05-01)`; throws where there is none, or nothing below it. */
export function notesOf(
  changelog: string,
  version: string,
): { readonly title: string; readonly text: string } {
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((text) => text.split(/[\s(]/, 1)[0] === version);
  if (section === undefined) throw new RangeError(`CHANGELOG.md has no section for ${version}`);
  const end = section.indexOf("\n");
  const text = end < 0 ? "" : section.slice(end).trim();
  if (text === "") throw new RangeError(`the section for ${version} in CHANGELOG.md is empty`);
  return { title: section.slice(0, end).trim(), text };
}

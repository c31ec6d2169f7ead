/**
 * Which line of report numbers the database goes on with. One that began here has the store's id and none before it; one that was
 * copied from a file brings its own, which stand in meta.
 */
import type { CopyOrigin } from "../copied-tables.ts";
import type { ReportLine } from "../reports.ts";

const keys = { line: "line_id", former: "former_lines" } as const;

export function readLine(meta: ReadonlyMap<string, string>, storeId: string): ReportLine {
  const former = JSON.parse(meta.get(keys.former) ?? "[]") as CopyOrigin["formerLines"];
  return {
    id: meta.get(keys.line) ?? storeId,
    former: former.map(({ id, lasts }) => {
      const byAccount = new Map(Object.entries(lasts));
      return { id, lastOf: (account) => byAccount.get(account) ?? 0 };
    }),
  };
}

/** Rows of meta that say it. */
export function lineRows({
  lineId,
  formerLines,
}: CopyOrigin): readonly (readonly [key: string, value: string])[] {
  return [
    [keys.line, lineId],
    [keys.former, JSON.stringify(formerLines)],
  ];
}

/**
 * Which line of report numbers the database goes on with. The first one of a store has the store's id and none before it; those of a file
 * that was copied, and those that began with another server (server-identity.ts), are in meta.
 */
import type { CopyOrigin } from "../copied-tables.ts";
import type { ReportLine } from "../reports.ts";

const keys = { line: "line_id", former: "former_lines" } as const;

export function readLine(meta: ReadonlyMap<string, string>, storeId: string): ReportLine {
  return {
    id: meta.get(keys.line) ?? storeId,
    former: readFormerLines(meta).map(({ id, lasts }) => {
      const byAccount = new Map(Object.entries(lasts));
      return { id, lastOf: (account) => byAccount.get(account) ?? 0 };
    }),
  };
}

export function readFormerLines(meta: ReadonlyMap<string, string>): CopyOrigin["formerLines"] {
  return JSON.parse(meta.get(keys.former) ?? "[]") as CopyOrigin["formerLines"];
}

/** Rows of meta that say it. */
export function lineRows({
  lineId,
  formerLines,
}: Pick<CopyOrigin, "lineId" | "formerLines">): readonly (readonly [key: string, value: string])[] {
  return [
    [keys.line, lineId],
    [keys.former, JSON.stringify(formerLines)],
  ];
}

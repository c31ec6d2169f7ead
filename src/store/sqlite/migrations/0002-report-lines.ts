/** The lines of report numbers that this file had before it was restored from a copy: report-line.ts. */
import type { Migration } from "../../schema-change.ts";

export const reportLines: Migration = {
  version: 2,
  minReader: 1,
  sql: `
-- lasts: a JSON object, each account's last number when the copy was made. The line in use stands in meta.
CREATE TABLE former_lines (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  lasts TEXT NOT NULL
) STRICT;
`,
};

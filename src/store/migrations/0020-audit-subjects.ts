/** What kind of thing an act in the audit log was done to: an account and a gateway may have one id. */
import type { SharedMigration } from "../schema-change.ts";

export const auditSubjects: SharedMigration = {
  version: 20,
  minReader: 1,
  sqlite: `
-- ACCOUNT, KEY, GATEWAY, IDENTITY; empty for nothing in particular, and where a program of before wrote the entry.
ALTER TABLE audit ADD COLUMN subject_kind TEXT NOT NULL DEFAULT '';
`,
  postgres: `
-- ACCOUNT, KEY, GATEWAY, IDENTITY; empty for nothing in particular, and where a program of before wrote the entry.
ALTER TABLE audit ADD COLUMN subject_kind text NOT NULL DEFAULT '';
`,
};

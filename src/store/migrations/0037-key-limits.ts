/** Limits of keys, beside those of their accounts. */
import type { SharedMigration } from "../schema-change.ts";

export const keyLimits: SharedMigration = {
  version: 37,
  minReader: 1,
  sqlite: `
-- JSON, a window and a number each; NULL for none.
ALTER TABLE api_keys ADD COLUMN rate_limits TEXT;
`,
  postgres: `
-- JSON, a window and a number each; NULL for none.
ALTER TABLE api_keys ADD COLUMN rate_limits text;
`,
};

/** When a key ends, and when it was last used. */
import type { SharedMigration } from "../schema-change.ts";

export const keyExpiry: SharedMigration = {
  version: 21,
  minReader: 1,
  sqlite: `
-- NULL for never.
ALTER TABLE api_keys ADD COLUMN expire_time INTEGER;
-- To the hour; NULL where it was not used yet.
ALTER TABLE api_keys ADD COLUMN use_time INTEGER;
`,
  postgres: `
-- NULL for never.
ALTER TABLE api_keys ADD COLUMN expire_time bigint;
-- To the hour; NULL where it was not used yet.
ALTER TABLE api_keys ADD COLUMN use_time bigint;
`,
};

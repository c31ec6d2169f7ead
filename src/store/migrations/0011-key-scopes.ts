/** What a key may do where it is neither all of an account's nor an operator's. */
import type { SharedMigration } from "../schema-change.ts";

export const keyScopes: SharedMigration = {
  version: 11,
  minReader: 1,
  sqlite: `
-- Words of the contract with commas between them; NULL where the role says it all. The hash of a key that has some takes them in, so
-- that a program which knows roles only never finds it right.
ALTER TABLE api_keys ADD COLUMN scopes TEXT;
`,
  postgres: `
-- Words of the contract with commas between them; NULL where the role says it all. The hash of a key that has some takes them in, so
-- that a program which knows roles only never finds it right.
ALTER TABLE api_keys ADD COLUMN scopes text;
`,
};

/** Keys that the service signs its own access tokens with. They are in no copy and no backup: whoever has one forges nothing. */
import type { SharedMigration } from "../schema-change.ts";

export const signingKeys: SharedMigration = {
  version: 23,
  minReader: 1,
  sqlite: `
-- day: since 1970. sealed: encrypted under the secret that sealed_by names.
CREATE TABLE signing_keys (
  day INTEGER NOT NULL,
  sealed_by TEXT NOT NULL,
  id TEXT NOT NULL,
  sealed TEXT NOT NULL,
  PRIMARY KEY (day, sealed_by)
) STRICT, WITHOUT ROWID;
`,
  postgres: `
-- day: since 1970. sealed: encrypted under the secret that sealed_by names.
CREATE TABLE signing_keys (
  day integer NOT NULL,
  sealed_by text COLLATE "C" NOT NULL,
  id text NOT NULL,
  sealed text NOT NULL,
  PRIMARY KEY (day, sealed_by)
);
`,
};

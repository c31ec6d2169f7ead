/** What credentials each gateway was last bound with: from then on a refused password does not prove that it is wrong. */
import type { SharedMigration } from "../schema-change.ts";

export const boundCredentials: SharedMigration = {
  version: 6,
  minReader: 1,
  sqlite: `
-- fingerprint: a slow salted hash of account and password (compose/bind-proof.ts).
CREATE TABLE bound_credentials (
  gateway_id TEXT NOT NULL PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`,
  postgres: `
-- fingerprint: a slow salted hash of account and password (compose/bind-proof.ts).
CREATE TABLE bound_credentials (
  gateway_id text COLLATE "C" PRIMARY KEY,
  fingerprint text NOT NULL,
  time bigint NOT NULL
);
`,
  coldTables: [{ table: "bound_credentials", key: ["gateway_id"] }],
};

/** Callers whom issuers of access tokens vouch for. */
import type { SharedMigration } from "../schema-change.ts";

export const identities: SharedMigration = {
  version: 17,
  minReader: 1,
  sqlite: `
-- scopes: words of the contract with commas between them.
CREATE TABLE identities (
  issuer TEXT NOT NULL,
  value TEXT NOT NULL,
  account_id TEXT NOT NULL,
  scopes TEXT NOT NULL,
  PRIMARY KEY (issuer, value)
) STRICT, WITHOUT ROWID;
`,
  postgres: `
-- scopes: words of the contract with commas between them.
CREATE TABLE identities (
  issuer text COLLATE "C" NOT NULL,
  value text COLLATE "C" NOT NULL,
  account_id text COLLATE "C" NOT NULL,
  scopes text NOT NULL,
  PRIMARY KEY (issuer, value)
);
`,
  coldTables: [{ table: "identities", key: ["issuer", "value"] }],
};

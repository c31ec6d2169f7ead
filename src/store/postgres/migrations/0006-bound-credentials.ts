/** What credentials each gateway was last bound with: from there on a refused password is no proof that it is wrong. */
import type { Migration } from "../../schema-change.ts";

export const boundCredentials: Migration = {
  version: 6,
  minReader: 1,
  sql: `
-- fingerprint: a slow salted hash of account and password (compose/bind-proof.ts).
CREATE TABLE bound_credentials (
  gateway_id text COLLATE "C" PRIMARY KEY,
  fingerprint text NOT NULL,
  time bigint NOT NULL
);
`,
};

/** A number of its own for every claim of a delivery. */
import type { SharedMigration } from "../schema-change.ts";

export const claimNumbers: SharedMigration = {
  version: 3,
  minReader: 1,
  sqlite: `
-- Counted up by each claim: what was begun under one claim cannot touch a later one, also not of the same process.
ALTER TABLE deliveries ADD COLUMN claim_number INTEGER NOT NULL DEFAULT 0 CHECK (claim_number >= 0);
`,
  postgres: `
-- Counted up by each claim: what was begun under one claim cannot touch a later one, also not of the same process. A program that
-- does not know it leaves it as it is; its claims have another claimed_by.
ALTER TABLE deliveries ADD COLUMN claim_number integer NOT NULL DEFAULT 0 CHECK (claim_number >= 0);
`,
};

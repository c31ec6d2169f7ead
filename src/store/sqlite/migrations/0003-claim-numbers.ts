/** A number of its own for every claim of a delivery. */
import type { Migration } from "../../schema-change.ts";

export const claimNumbers: Migration = {
  version: 3,
  minReader: 1,
  sql: `
-- Counted up by each claim: what was begun under one claim cannot touch a later one, also not of the same process.
ALTER TABLE deliveries ADD COLUMN claim_number INTEGER NOT NULL DEFAULT 0 CHECK (claim_number >= 0);
`,
};

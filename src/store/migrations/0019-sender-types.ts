/** How a caller meant the sender of a message, and the countries in which a registered sender may be used. */
import type { SharedMigration } from "../schema-change.ts";

export const senderTypes: SharedMigration = {
  version: 19,
  // A program of before would ignore both, so that they are taken only while it does not run (records/readers).
  minReader: 1,
  sqlite: `
-- NULL where the form of the sender tells.
ALTER TABLE messages ADD COLUMN sender_type INTEGER;
-- ISO 3166-1 alpha-2, ascending, with a comma between them; empty for everywhere.
ALTER TABLE senders ADD COLUMN region_codes TEXT NOT NULL DEFAULT '';
`,
  postgres: `
-- NULL where the form of the sender tells.
ALTER TABLE messages ADD COLUMN sender_type smallint;
-- ISO 3166-1 alpha-2, ascending, with a comma between them; empty for everywhere.
ALTER TABLE senders ADD COLUMN region_codes text NOT NULL DEFAULT '';
`,
};

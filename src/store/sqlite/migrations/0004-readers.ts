/** Which reader of a subscription is the present one. */
import type { Migration } from "../../schema-change.ts";

export const readers: Migration = {
  version: 4,
  minReader: 1,
  sql: `
-- Goes up with each reader that opens the subscription, and never comes again for its name: the one that holds it reads.
ALTER TABLE subscriptions ADD COLUMN reader_epoch INTEGER NOT NULL DEFAULT 0;
`,
};

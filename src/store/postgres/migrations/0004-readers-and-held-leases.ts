/** Since when a lease was renewed without a break, by which others are judged; which reader of a subscription is the present one. */
import type { Migration } from "../../schema-change.ts";

export const readersAndHeldLeases: Migration = {
  version: 4,
  minReader: 1,
  sql: `
-- Since when the lease was renewed in time, each time, by the database's clock: who was away itself judges nobody. A program that does
-- not know the column judges by its own clock.
ALTER TABLE replicas ADD COLUMN held_since timestamptz NOT NULL DEFAULT 'infinity';

-- Goes up with each reader that opens the subscription, and never comes again for its name: the one that holds it reads.
ALTER TABLE subscriptions ADD COLUMN reader_epoch bigint NOT NULL DEFAULT 0 CHECK (reader_epoch >= 0);
`,
};

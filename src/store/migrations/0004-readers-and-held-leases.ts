/**
 * Which reader of a subscription is the present one; among replicas, since when a lease was renewed without a break, by which others are
 * judged.
 */
import type { SharedMigration } from "../schema-change.ts";

export const readersAndHeldLeases: SharedMigration = {
  version: 4,
  minReader: 1,
  sqlite: `
-- Goes up with each reader that opens the subscription, and never comes again for its name: the one that holds it reads.
ALTER TABLE subscriptions ADD COLUMN reader_epoch INTEGER NOT NULL DEFAULT 0;
`,
  postgres: `
-- Since when the lease was renewed in time, each time, by the database's clock: who was away itself judges nobody. A program that does
-- not know the column judges by its own clock.
ALTER TABLE replicas ADD COLUMN held_since timestamptz NOT NULL DEFAULT 'infinity';

-- Goes up with each reader that opens the subscription, and never comes again for its name: the one that holds it reads.
ALTER TABLE subscriptions ADD COLUMN reader_epoch bigint NOT NULL DEFAULT 0 CHECK (reader_epoch >= 0);
`,
};

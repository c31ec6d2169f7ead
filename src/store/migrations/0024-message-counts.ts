/** What is counted against limits of an hour and a day: the messages of accounts and of keys that have such limits. */
import type { SharedMigration } from "../schema-change.ts";

export const messageCounts: SharedMigration = {
  version: 24,
  minReader: 1,
  coldTables: [{ table: "message_counts", key: ["owner"] }],
  sqlite: `
CREATE TABLE message_counts (
  -- The account's id, or 'key ' and that of the key.
  owner TEXT PRIMARY KEY,
  -- Hours and days of UTC, numbered from the epoch, in which the last message was counted.
  hour INTEGER NOT NULL DEFAULT 0,
  hour_count INTEGER NOT NULL DEFAULT 0,
  day INTEGER NOT NULL DEFAULT 0,
  day_count INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
`,
  postgres: `
CREATE TABLE message_counts (
  -- The account's id, or 'key ' and that of the key.
  owner text COLLATE "C" PRIMARY KEY,
  -- Hours and days of UTC, numbered from the epoch, in which the last message was counted.
  hour bigint NOT NULL DEFAULT 0,
  hour_count bigint NOT NULL DEFAULT 0,
  day bigint NOT NULL DEFAULT 0,
  day_count bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 70);
`,
};

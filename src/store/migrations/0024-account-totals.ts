/** What is counted of an account: the messages of the hour and the day, against its limits. */
import type { SharedMigration } from "../schema-change.ts";

export const accountTotals: SharedMigration = {
  version: 24,
  minReader: 1,
  coldTables: [{ table: "account_totals", key: ["account_id"] }],
  sqlite: `
CREATE TABLE account_totals (
  account_id TEXT PRIMARY KEY,
  -- Hours and days of UTC, numbered from the epoch, in which the last message was counted.
  hour INTEGER NOT NULL DEFAULT 0,
  hour_count INTEGER NOT NULL DEFAULT 0,
  day INTEGER NOT NULL DEFAULT 0,
  day_count INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
`,
  postgres: `
CREATE TABLE account_totals (
  account_id text COLLATE "C" PRIMARY KEY,
  -- Hours and days of UTC, numbered from the epoch, in which the last message was counted.
  hour bigint NOT NULL DEFAULT 0,
  hour_count bigint NOT NULL DEFAULT 0,
  day bigint NOT NULL DEFAULT 0,
  day_count bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 70);
`,
};

/** What went to one destination in an hour, where that is much: for a restart, and for other replicas. */
import type { SharedMigration } from "../schema-change.ts";

export const guardCounts: SharedMigration = {
  version: 28,
  minReader: 1,
  sqlite: `
-- hour: of UTC, numbered from the epoch. kind: recipient, prefix or region. replica: who sent it, empty for the only process.
CREATE TABLE guard_counts (
  hour INTEGER NOT NULL,
  account_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  destination TEXT NOT NULL,
  replica TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (hour, account_id, kind, destination, replica)
) STRICT, WITHOUT ROWID;
`,
  postgres: `
-- hour: of UTC, numbered from the epoch. kind: recipient, prefix or region. replica: who sent it, empty for the only process.
CREATE TABLE guard_counts (
  hour bigint NOT NULL,
  account_id text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  destination text COLLATE "C" NOT NULL,
  replica text COLLATE "C" NOT NULL,
  count bigint NOT NULL,
  PRIMARY KEY (hour, account_id, kind, destination, replica)
);
`,
  coldTables: [{ table: "guard_counts", key: ["hour", "account_id", "kind", "destination", "replica"] }],
};

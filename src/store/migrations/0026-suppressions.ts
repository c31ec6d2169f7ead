/** Numbers that nothing is sent to. */
import type { SharedMigration } from "../schema-change.ts";

export const suppressions: SharedMigration = {
  version: 26,
  // What a program of before would ignore is refused while it runs (live_replicas).
  minReader: 1,
  sqlite: `
-- account_id: '*' for the list that holds for all accounts. source: a word of the contract's SuppressionSource; one of a call and one of the
-- handset stand beside each other. content_categories: words with commas, empty for all. expire_time: NULL for never. seq: the act in
-- audit that wrote it last.
CREATE TABLE suppressions (
  account_id TEXT NOT NULL,
  recipient TEXT NOT NULL,
  source TEXT NOT NULL,
  content_categories TEXT NOT NULL,
  expire_time INTEGER,
  create_time INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (account_id, recipient, source)
) STRICT, WITHOUT ROWID;
CREATE INDEX suppressions_by_seq ON suppressions (seq, account_id, recipient, source);
CREATE INDEX suppressions_by_expiry ON suppressions (expire_time) WHERE expire_time IS NOT NULL;

-- How many numbers an account's list has.
CREATE TABLE suppression_counts (account_id TEXT NOT NULL PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`,
  postgres: `
-- account_id: '*' for the list that holds for all accounts. source: a word of the contract's SuppressionSource; one of a call and one of the
-- handset stand beside each other. content_categories: words with commas, empty for all. expire_time: NULL for never. seq: the act in
-- audit that wrote it last.
CREATE TABLE suppressions (
  account_id text COLLATE "C" NOT NULL,
  recipient text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  content_categories text COLLATE "C" NOT NULL,
  expire_time bigint,
  create_time bigint NOT NULL,
  seq bigint NOT NULL,
  PRIMARY KEY (account_id, recipient, source)
);
CREATE INDEX suppressions_by_seq ON suppressions (seq, account_id, recipient, source);
CREATE INDEX suppressions_by_expiry ON suppressions (expire_time) WHERE expire_time IS NOT NULL;

-- How many numbers an account's list has.
CREATE TABLE suppression_counts (account_id text COLLATE "C" PRIMARY KEY, count bigint NOT NULL);
`,
  coldTables: [
    { table: "suppressions", key: ["account_id", "recipient", "source"] },
    { table: "suppression_counts", key: ["account_id"] },
  ],
};

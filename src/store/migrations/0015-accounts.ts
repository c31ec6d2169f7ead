/** Accounts, and what administrators did: who changed what, and by which number replicas see it. */
import type { SharedMigration } from "../schema-change.ts";

export const accounts: SharedMigration = {
  version: 15,
  // A program of before goes on without them; what it would ignore is refused while it runs (live_replicas).
  minReader: 1,
  sqlite: `
-- What differs from the defaults; an account without a row has all of them. state: a word of the contract's AccountState.
CREATE TABLE accounts (
  id TEXT NOT NULL PRIMARY KEY,
  display_name TEXT NOT NULL,
  state TEXT NOT NULL,
  policy TEXT NOT NULL,
  revision INTEGER NOT NULL,
  create_time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX api_keys_by_account ON api_keys (account_id);

-- One row, which whoever changes anything below locks first: numbers are in the order of commits.
CREATE TABLE audit_counter (id INTEGER NOT NULL PRIMARY KEY, last INTEGER NOT NULL) STRICT;

-- What an administrator did: consecutive numbers from 1. request, before: JSON; empty for none.
CREATE TABLE audit (
  number INTEGER NOT NULL PRIMARY KEY,
  time INTEGER NOT NULL,
  key_id TEXT NOT NULL,
  actor TEXT NOT NULL,
  peer TEXT NOT NULL,
  method TEXT NOT NULL,
  subject TEXT NOT NULL,
  request TEXT NOT NULL,
  before TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_key ON audit (key_id, number);
CREATE INDEX audit_by_subject ON audit (subject, number);

-- The last change of each thing that stands in memory; seq is its number in audit.
CREATE TABLE changes (
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX changes_by_seq ON changes (seq, kind, id);

-- The other processes on this store: none.
CREATE VIEW live_replicas AS SELECT CAST('' AS TEXT) AS id, CAST(0 AS INTEGER) AS reads WHERE 0;
`,
  postgres: `
-- What differs from the defaults; an account without a row has all of them. state: a word of the contract's AccountState.
CREATE TABLE accounts (
  id text COLLATE "C" PRIMARY KEY,
  display_name text NOT NULL,
  state text NOT NULL,
  policy text NOT NULL,
  revision bigint NOT NULL,
  create_time bigint NOT NULL
);

-- One row, which whoever changes anything below locks first: numbers are in the order of commits.
CREATE TABLE audit_counter (id integer PRIMARY KEY, last bigint NOT NULL);

-- What an administrator did: consecutive numbers from 1. request, before: JSON; empty for none.
CREATE TABLE audit (
  number bigint PRIMARY KEY,
  time bigint NOT NULL,
  key_id text COLLATE "C" NOT NULL,
  actor text NOT NULL,
  peer text NOT NULL,
  method text NOT NULL,
  subject text COLLATE "C" NOT NULL,
  request text NOT NULL,
  before text NOT NULL
);
CREATE INDEX audit_by_key ON audit (key_id, number);
CREATE INDEX audit_by_subject ON audit (subject, number);

-- The last change of each thing that stands in memory; seq is its number in audit.
CREATE TABLE changes (
  kind text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  seq bigint NOT NULL,
  PRIMARY KEY (kind, id)
);
CREATE UNIQUE INDEX changes_by_seq ON changes (seq, kind, id);

-- The schema that the replica's program knows, and in which epoch it said so: a program that knows no more than version 14 takes the
-- name over and says nothing. One whose lease ran out may wake and renew it, and counts until it is marked dead.
ALTER TABLE replicas ADD COLUMN reads bigint, ADD COLUMN reads_epoch bigint;
CREATE VIEW live_replicas AS
  SELECT id, CASE WHEN reads_epoch = epoch THEN reads ELSE 14 END AS reads FROM replicas WHERE NOT is_dead;
`,
  indexes: [{ name: "api_keys_by_account", on: "api_keys (account_id)" }],
  coldTables: [
    { table: "accounts", key: ["id"] },
    { table: "audit_counter", key: ["id"] },
    { table: "audit", key: ["number"] },
    { table: "changes", key: ["kind", "id"] },
  ],
};

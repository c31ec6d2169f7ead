/** Senders that accounts ask for and operators decide on. */
import type { SharedMigration } from "../schema-change.ts";

export const senders: SharedMigration = {
  version: 18,
  minReader: 1,
  sqlite: `
-- sender: as it goes out. folded: equal for senders that people take for the same. state: a word of the contract's SenderState. shared: 1
-- where others may have an equal one approved, too.
CREATE TABLE senders (
  account_id TEXT NOT NULL,
  sender TEXT NOT NULL,
  folded TEXT NOT NULL,
  state TEXT NOT NULL,
  shared INTEGER NOT NULL,
  purpose TEXT NOT NULL,
  reason TEXT NOT NULL,
  create_time INTEGER NOT NULL,
  PRIMARY KEY (account_id, sender)
) STRICT, WITHOUT ROWID;
CREATE INDEX senders_by_folded ON senders (folded, state, account_id);
`,
  postgres: `
-- sender: as it goes out. folded: equal for senders that people take for the same. state: a word of the contract's SenderState. shared: 1
-- where others may have an equal one approved, too.
CREATE TABLE senders (
  account_id text COLLATE "C" NOT NULL,
  sender text COLLATE "C" NOT NULL,
  folded text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL,
  shared integer NOT NULL,
  purpose text NOT NULL,
  reason text NOT NULL,
  create_time bigint NOT NULL,
  PRIMARY KEY (account_id, sender)
);
CREATE INDEX senders_by_folded ON senders (folded, state, account_id);
`,
  coldTables: [{ table: "senders", key: ["account_id", "sender"] }],
};

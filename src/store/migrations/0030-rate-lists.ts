/** Prices: lists of one currency in versions, each valid from a time on. */
import type { SharedMigration } from "../schema-change.ts";

export const rateLists: SharedMigration = {
  version: 30,
  minReader: 1,
  sqlite: `
-- account_id: empty for the list of all accounts that have none of their own. rates: a line each: country, prefix, micros of a segment, micros
-- through premium gateways, with | between; none: from then on the account has the list of all again.
CREATE TABLE rate_lists (
  account_id TEXT NOT NULL,
  start_time INTEGER NOT NULL,
  currency_code TEXT NOT NULL,
  rates TEXT NOT NULL,
  PRIMARY KEY (account_id, start_time)
) STRICT;
`,
  postgres: `
-- account_id: empty for the list of all accounts that have none of their own. rates: a line each: country, prefix, micros of a segment, micros
-- through premium gateways, with | between; none: from then on the account has the list of all again.
CREATE TABLE rate_lists (
  account_id text COLLATE "C" NOT NULL,
  start_time bigint NOT NULL,
  currency_code text COLLATE "C" NOT NULL,
  rates text NOT NULL,
  PRIMARY KEY (account_id, start_time)
);
`,
  coldTables: [{ table: "rate_lists", key: ["account_id", "start_time"] }],
};

/**
 * Keys and identities by their lists, a page at a time. From this schema on programs note in `changes` what they change of both, so that
 * others need not read them whole.
 */
import type { SharedMigration } from "../schema-change.ts";

export const listsOfKeys: SharedMigration = {
  version: 29,
  minReader: 1,
  sqlite: `
CREATE INDEX api_keys_by_age ON api_keys (create_time DESC, id);
CREATE INDEX api_keys_of_account_by_age ON api_keys (account_id, create_time DESC, id);
CREATE INDEX identities_by_account ON identities (account_id, issuer, value);
`,
  postgres: "-- Nothing but indexes, built beside replicas that run.",
  indexes: [
    { name: "api_keys_by_age", on: "api_keys (create_time DESC, id)" },
    { name: "api_keys_of_account_by_age", on: "api_keys (account_id, create_time DESC, id)" },
    { name: "identities_by_account", on: "identities (account_id, issuer, value)" },
  ],
};

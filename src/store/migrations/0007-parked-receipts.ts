/**
 * When receipts that wait are looked at again, those that are parked under two ids, and the newest rows of an id that is used again. On
 * PostgreSQL the indexes are built beside replicas that run: in the transaction they held a table with 1,000,000 ids for 6 s on two busy
 * cores.
 */
import type { SharedMigration } from "../schema-change.ts";

export const parkedReceipts: SharedMigration = {
  version: 7,
  minReader: 1,
  sqlite: `
-- due_time: when the receipt is looked at again; NULL where only a response is waited for. pair: the same in the two rows of a receipt
-- that names two ids, which go together.
ALTER TABLE parked_receipts ADD COLUMN due_time INTEGER DEFAULT 0;
ALTER TABLE parked_receipts ADD COLUMN pair TEXT;
CREATE INDEX parked_receipts_due ON parked_receipts (due_time) WHERE due_time IS NOT NULL;
CREATE INDEX parked_receipts_by_pair ON parked_receipts (pair) WHERE pair IS NOT NULL;
`,
  postgres: `
-- due_time: when the receipt is looked at again; NULL where only a response is waited for. pair: the same in the two rows of a receipt
-- that names two ids, which go together.
ALTER TABLE parked_receipts ADD COLUMN due_time bigint DEFAULT 0;
ALTER TABLE parked_receipts ADD COLUMN pair text COLLATE "C";

ALTER INDEX parked_receipts_by_key RENAME TO parked_receipts_by_key_6;
ALTER INDEX parked_receipts_by_raw_id RENAME TO parked_receipts_by_raw_id_6;
ALTER INDEX smsc_ids_by_key RENAME TO smsc_ids_by_key_6;
`,
  indexes: [
    { name: "parked_receipts_due", on: "parked_receipts (due_time) WHERE due_time IS NOT NULL" },
    { name: "parked_receipts_by_pair", on: "parked_receipts (pair) WHERE pair IS NOT NULL" },
    // An SMSC may give one id to any number of parts: the newest are read from the end of the index.
    {
      name: "parked_receipts_by_key",
      on: "parked_receipts (gateway_id, match_key, id)",
      former: "parked_receipts_by_key_6",
    },
    {
      name: "parked_receipts_by_raw_id",
      on: "parked_receipts (gateway_id, raw_id, id)",
      former: "parked_receipts_by_raw_id_6",
    },
    { name: "smsc_ids_by_key", on: "smsc_ids (gateway_id, match_key, seq)", former: "smsc_ids_by_key_6" },
  ],
};

/** When receipts that wait are looked at again, those that are parked under two ids, and the newest rows of an id that is used again. */
import type { Migration } from "../../schema-change.ts";

export const parkedReceipts: Migration = {
  version: 7,
  minReader: 1,
  sql: `
-- due_time: when the receipt is looked at again; NULL where only a response is waited for. pair: the same in the two rows of a receipt
-- that names two ids, which go together.
ALTER TABLE parked_receipts ADD COLUMN due_time bigint DEFAULT 0;
ALTER TABLE parked_receipts ADD COLUMN pair text COLLATE "C";
CREATE INDEX parked_receipts_due ON parked_receipts (due_time) WHERE due_time IS NOT NULL;
CREATE INDEX parked_receipts_by_pair ON parked_receipts (pair) WHERE pair IS NOT NULL;

-- An SMSC may give one id to any number of parts: the newest are read from the end of the index.
DROP INDEX parked_receipts_by_key, parked_receipts_by_raw_id, smsc_ids_by_key;
CREATE INDEX parked_receipts_by_key ON parked_receipts (gateway_id, match_key, id);
CREATE INDEX parked_receipts_by_raw_id ON parked_receipts (gateway_id, raw_id, id);
CREATE INDEX smsc_ids_by_key ON smsc_ids (gateway_id, match_key, seq);
`,
};

/** When receipts that wait are looked at again, and those that are parked under two ids. */
import type { Migration } from "../../schema-change.ts";

export const parkedReceipts: Migration = {
  version: 7,
  minReader: 1,
  sql: `
-- due_time: when the receipt is looked at again; NULL where only a response is waited for. pair: the same in the two rows of a receipt
-- that names two ids, which go together.
ALTER TABLE parked_receipts ADD COLUMN due_time INTEGER DEFAULT 0;
ALTER TABLE parked_receipts ADD COLUMN pair TEXT;
CREATE INDEX parked_receipts_due ON parked_receipts (due_time) WHERE due_time IS NOT NULL;
CREATE INDEX parked_receipts_by_pair ON parked_receipts (pair) WHERE pair IS NOT NULL;
`,
};

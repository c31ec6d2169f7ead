/** The first attempt of a delivery stands on the delivery where it made it SUBMITTED, and ids of SMSCs in one tree. */
import type { SharedMigration } from "../schema-change.ts";

export const firstAttempts: SharedMigration = {
  version: 14,
  // A program of before would look for these attempts in rows of their own, and for ids by their seq.
  minReader: 14,
  sqlite: `
-- NULL where the first attempt has a row of its own: where it did not make the delivery SUBMITTED, or was recorded before this version.
-- Its number is 1, its outcome ACCEPTED, its gateway the delivery's.
ALTER TABLE deliveries ADD COLUMN first_start_time INTEGER;
ALTER TABLE deliveries ADD COLUMN first_end_time INTEGER;
ALTER TABLE deliveries ADD COLUMN first_encoding TEXT;
ALTER TABLE deliveries ADD COLUMN first_segment_count INTEGER;
ALTER TABLE deliveries ADD COLUMN first_reference INTEGER;
ALTER TABLE deliveries ADD COLUMN first_trace TEXT;
ALTER TABLE deliveries ADD COLUMN first_parts TEXT CHECK (first_parts IS NULL OR (state > 2 AND attempt_count = 1
  AND first_start_time IS NOT NULL AND first_end_time IS NOT NULL AND first_encoding IS NOT NULL AND first_segment_count > 0));

-- Where receipts find their part: the key is the only tree. nth ascends with submission among those under one key; while there is any,
-- there is one with 0. raw_id is NULL where it equals match_key.
ALTER TABLE smsc_ids RENAME TO smsc_ids_before;
CREATE TABLE smsc_ids (
  gateway_id TEXT NOT NULL,
  match_key TEXT NOT NULL,
  nth INTEGER NOT NULL CHECK (nth >= 0),
  raw_id TEXT,
  delivery_id TEXT NOT NULL,
  attempt INTEGER NOT NULL CHECK (attempt <> 0),
  part INTEGER NOT NULL CHECK (part BETWEEN 1 AND 255),
  expire_time INTEGER NOT NULL,
  PRIMARY KEY (gateway_id, match_key, nth)
) STRICT, WITHOUT ROWID;
-- In the order of the new key, so that nothing is sorted. Those of messages that are gone lead nowhere.
INSERT INTO smsc_ids
  SELECT gateway_id, match_key, row_number() OVER (PARTITION BY gateway_id, match_key ORDER BY seq) - 1, raw_id, delivery_id,
    attempt, part, expire_time
  FROM smsc_ids_before INDEXED BY smsc_ids_by_key
  WHERE EXISTS (SELECT 1 FROM deliveries WHERE deliveries.id = smsc_ids_before.delivery_id);
DROP TABLE smsc_ids_before;

-- Every attempt, wherever it stands.
CREATE VIEW all_attempts AS
  SELECT delivery_id, number, gateway_id, start_time, end_time, outcome, encoding, segment_count, reference, parts, trace FROM attempts
  UNION ALL
  SELECT id, CAST(1 AS INTEGER), gateway_id, first_start_time, first_end_time, CAST('ACCEPTED' AS TEXT), first_encoding, first_segment_count, first_reference,
    first_parts, first_trace FROM deliveries WHERE first_parts IS NOT NULL;
`,
};

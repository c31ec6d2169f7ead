/** The first schema: messages, deliveries, attempts, reports and what belongs to them. Codes of states and lanes: codes.ts. */
import type { Migration } from "../../schema-change.ts";

export const initialSchema: Migration = {
  version: 1,
  minReader: 1,
  sql: `
-- One message, in the order of each account, so that listing needs no further index. recipient_outcomes is NULL where recipient i
-- became delivery i.
CREATE TABLE messages (
  account_id TEXT NOT NULL,
  id TEXT NOT NULL CHECK (length(id) = 36),
  sender_kind INTEGER NOT NULL CHECK (sender_kind BETWEEN 0 AND 1),
  sender TEXT NOT NULL,
  content_kind INTEGER NOT NULL CHECK (content_kind BETWEEN 0 AND 1),
  text TEXT,
  data BLOB,
  udh BLOB,
  lane INTEGER NOT NULL CHECK (lane BETWEEN 0 AND 2),
  at_most_once INTEGER NOT NULL CHECK (at_most_once BETWEEN 0 AND 1),
  encoding INTEGER NOT NULL CHECK (encoding BETWEEN 0 AND 2),
  transliterate INTEGER NOT NULL CHECK (transliterate BETWEEN 0 AND 1),
  max_segments INTEGER NOT NULL CHECK (max_segments BETWEEN 1 AND 255),
  fast INTEGER NOT NULL CHECK (fast BETWEEN 0 AND 1),
  client_reference TEXT,
  metadata TEXT,
  accept_time INTEGER NOT NULL CHECK (accept_time > 0),
  expire_time INTEGER NOT NULL CHECK (expire_time > accept_time),
  delivery_count INTEGER NOT NULL CHECK (delivery_count >= 0),
  recipient_outcomes TEXT,
  PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX messages_by_client_reference ON messages (account_id, client_reference, id)
  WHERE client_reference IS NOT NULL;

-- A waiting row is QUEUED and unclaimed. A delivery that is claimed where it is accepted never enters the two indexes of waiting
-- rows; the index of claimed ones stays as small as what is in flight, so that a start finds them at once.
CREATE TABLE deliveries (
  id TEXT NOT NULL CHECK (length(id) = 41),
  account_id TEXT NOT NULL,
  recipient TEXT NOT NULL,
  country TEXT,
  state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 9),
  lane INTEGER NOT NULL CHECK (lane BETWEEN 0 AND 2),
  gateway_id TEXT,
  at_most_once INTEGER NOT NULL CHECK (at_most_once BETWEEN 0 AND 1),
  encoding TEXT,
  segment_count INTEGER NOT NULL CHECK (segment_count >= 0),
  available_time INTEGER NOT NULL,
  expire_time INTEGER NOT NULL,
  is_waiting INTEGER NOT NULL,
  claimed_by TEXT,
  is_cancel_requested INTEGER NOT NULL DEFAULT 0 CHECK (is_cancel_requested BETWEEN 0 AND 1),
  attempt_count INTEGER NOT NULL DEFAULT 0 CHECK (attempt_count >= 0),
  reference INTEGER CHECK (reference BETWEEN 0 AND 65535),
  code TEXT,
  reason TEXT,
  submit_time INTEGER,
  final_time INTEGER,
  done_time INTEGER,
  progress TEXT,
  PRIMARY KEY (id),
  CHECK (is_waiting = (state = 1 AND claimed_by IS NULL)),
  CHECK (claimed_by IS NULL OR state BETWEEN 1 AND 2),
  CHECK (state <> 2 OR claimed_by IS NOT NULL),
  CHECK ((final_time IS NULL) = (state < 4)),
  CHECK (gateway_id IS NOT NULL OR state > 3)
) STRICT, WITHOUT ROWID;

CREATE INDEX deliveries_waiting ON deliveries (gateway_id, lane, available_time, id) WHERE is_waiting = 1;
CREATE INDEX deliveries_expiring ON deliveries (expire_time, id) WHERE is_waiting = 1;
CREATE INDEX deliveries_claimed ON deliveries (id) WHERE claimed_by IS NOT NULL;
CREATE INDEX deliveries_silent ON deliveries (expire_time, id) WHERE state = 3;

-- A fenced attempt (its claim was lost) has a negative number. parts: part-tuple.ts.
CREATE TABLE attempts (
  delivery_id TEXT NOT NULL,
  number INTEGER NOT NULL CHECK (number <> 0),
  gateway_id TEXT NOT NULL,
  start_time INTEGER NOT NULL,
  end_time INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  encoding TEXT NOT NULL,
  segment_count INTEGER NOT NULL CHECK (segment_count > 0),
  reference INTEGER,
  parts TEXT NOT NULL,
  trace TEXT,
  PRIMARY KEY (delivery_id, number)
) STRICT, WITHOUT ROWID;

-- Where receipts find their part; seq is the order of submission, in which cleaning deletes. raw_id is NULL where it equals
-- match_key. A closed one has its final receipt.
CREATE TABLE smsc_ids (
  seq INTEGER PRIMARY KEY,
  gateway_id TEXT NOT NULL,
  match_key TEXT NOT NULL,
  raw_id TEXT,
  delivery_id TEXT NOT NULL,
  attempt INTEGER NOT NULL CHECK (attempt <> 0),
  part INTEGER NOT NULL CHECK (part BETWEEN 1 AND 255),
  expire_time INTEGER NOT NULL,
  is_closed INTEGER NOT NULL DEFAULT 0 CHECK (is_closed BETWEEN 0 AND 1)
) STRICT;
CREATE INDEX smsc_ids_by_key ON smsc_ids (gateway_id, match_key);

-- Receipts that came before their response (P2).
CREATE TABLE parked_receipts (
  id INTEGER PRIMARY KEY,
  gateway_id TEXT NOT NULL,
  match_key TEXT NOT NULL,
  raw_id TEXT NOT NULL,
  arrival_time INTEGER NOT NULL,
  receipt TEXT NOT NULL,
  raw BLOB NOT NULL
) STRICT;
CREATE INDEX parked_receipts_by_key ON parked_receipts (gateway_id, match_key);
CREATE INDEX parked_receipts_by_raw_id ON parked_receipts (gateway_id, raw_id);

-- Receipts that could not be used, kept raw for people: unparsable, or of several parts at once (P1).
CREATE TABLE stray_receipts (
  id INTEGER PRIMARY KEY,
  gateway_id TEXT NOT NULL,
  why TEXT NOT NULL CHECK (why IN ('UNPARSABLE', 'NOT_UNIQUE')),
  smsc_message_id TEXT,
  arrival_time INTEGER NOT NULL,
  raw BLOB NOT NULL
) STRICT;

-- An event in the life of one delivery; what does not change is joined when it is read.
CREATE TABLE reports (
  account_id TEXT NOT NULL,
  number INTEGER NOT NULL CHECK (number > 0),
  time INTEGER NOT NULL,
  state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 9),
  delivery_id TEXT NOT NULL,
  PRIMARY KEY (account_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE report_counters (
  account_id TEXT NOT NULL PRIMARY KEY,
  last INTEGER NOT NULL CHECK (last > 0),
  last_time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE request_ids (
  seq INTEGER PRIMARY KEY,
  account_id TEXT NOT NULL,
  method TEXT NOT NULL,
  id TEXT NOT NULL,
  hash TEXT NOT NULL,
  message_id TEXT NOT NULL,
  time INTEGER NOT NULL,
  UNIQUE (account_id, method, id)
) STRICT;

-- The last reference of each (recipient, sender as shown), counted up across gateways (P35).
CREATE TABLE concat_references (
  recipient TEXT NOT NULL,
  sender TEXT NOT NULL,
  reference INTEGER NOT NULL CHECK (reference BETWEEN 0 AND 65535),
  time INTEGER NOT NULL,
  PRIMARY KEY (recipient, sender)
) STRICT, WITHOUT ROWID;
CREATE INDEX concat_references_by_time ON concat_references (time);

-- Messages from handsets and their parts (P37).
CREATE TABLE incoming_messages (
  id TEXT NOT NULL PRIMARY KEY,
  gateway_id TEXT NOT NULL,
  sender TEXT NOT NULL,
  recipient TEXT NOT NULL,
  reference INTEGER,
  part_count INTEGER NOT NULL CHECK (part_count > 0),
  is_complete INTEGER NOT NULL CHECK (is_complete BETWEEN 0 AND 1),
  arrival_time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX incoming_messages_by_reference
  ON incoming_messages (gateway_id, sender, recipient, reference, part_count, id) WHERE reference IS NOT NULL;

CREATE TABLE incoming_parts (
  message_id TEXT NOT NULL,
  sequence INTEGER NOT NULL CHECK (sequence BETWEEN 1 AND 255),
  data_coding INTEGER NOT NULL,
  text TEXT,
  data BLOB NOT NULL,
  udh BLOB NOT NULL,
  arrival_time INTEGER NOT NULL,
  PRIMARY KEY (message_id, sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE subscriptions (
  account_id TEXT NOT NULL,
  name TEXT NOT NULL,
  position INTEGER NOT NULL CHECK (position >= 0),
  create_time INTEGER NOT NULL,
  acknowledge_time INTEGER,
  PRIMARY KEY (account_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE api_keys (
  id TEXT NOT NULL PRIMARY KEY,
  account_id TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('ACCOUNT', 'OPERATOR')),
  name TEXT NOT NULL,
  hash TEXT NOT NULL,
  create_time INTEGER NOT NULL,
  revoke_time INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE gateway_pauses (
  gateway_id TEXT NOT NULL PRIMARY KEY,
  reason TEXT NOT NULL,
  time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How far cleaning has come, by stage and account, and the messages that were not due when it passed them.
CREATE TABLE cleaning_marks (
  stage TEXT NOT NULL,
  account_id TEXT NOT NULL,
  message_id TEXT NOT NULL,
  PRIMARY KEY (stage, account_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE late_messages (
  stage TEXT NOT NULL,
  due_time INTEGER NOT NULL,
  account_id TEXT NOT NULL,
  message_id TEXT NOT NULL,
  PRIMARY KEY (stage, due_time, account_id, message_id)
) STRICT, WITHOUT ROWID;
`,
};

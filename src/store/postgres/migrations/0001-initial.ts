/** The first schema: messages, deliveries, attempts, reports and what belongs to them. Codes of states and lanes: codes.ts. */
import type { Migration } from "../../schema-change.ts";

/** Dead rows of busy tables go early: a queue is read from its end, past everything that is not yet vacuumed. */
const busy = `autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000,
  autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0`;

/** Few rows that are written all the time: room on the page, so that no update touches an index, and a low threshold. */
const hot = `fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500,
  autovacuum_vacuum_cost_delay = 0`;

export const initialSchema: Migration = {
  version: 1,
  minReader: 1,
  sql: `
-- One message, in the order of each account, so that listing needs no further index. recipient_outcomes is NULL where recipient i
-- became delivery i. Texts that callers made are escaped (pack-text.ts).
CREATE TABLE messages (
  account_id text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL CHECK (length(id) = 36),
  sender_kind smallint NOT NULL CHECK (sender_kind BETWEEN 0 AND 1),
  sender text COLLATE "C" NOT NULL,
  content_kind smallint NOT NULL CHECK (content_kind BETWEEN 0 AND 1),
  text text,
  data bytea,
  udh bytea,
  lane smallint NOT NULL CHECK (lane BETWEEN 0 AND 2),
  at_most_once smallint NOT NULL CHECK (at_most_once BETWEEN 0 AND 1),
  encoding smallint NOT NULL CHECK (encoding BETWEEN 0 AND 2),
  transliterate smallint NOT NULL CHECK (transliterate BETWEEN 0 AND 1),
  max_segments smallint NOT NULL CHECK (max_segments BETWEEN 1 AND 255),
  fast smallint NOT NULL CHECK (fast BETWEEN 0 AND 1),
  client_reference text COLLATE "C",
  metadata text,
  accept_time bigint NOT NULL CHECK (accept_time > 0),
  expire_time bigint NOT NULL CHECK (expire_time > accept_time),
  delivery_count integer NOT NULL CHECK (delivery_count >= 0),
  recipient_outcomes text,
  PRIMARY KEY (account_id, id)
) WITH (${busy});

CREATE INDEX messages_by_client_reference ON messages (account_id, client_reference, id)
  WHERE client_reference IS NOT NULL;

-- A waiting row is QUEUED and unclaimed. A delivery that is claimed where it is accepted never enters the two indexes of waiting
-- rows; the index of claimed ones stays as small as what is in flight, so that a rescue finds them at once.
CREATE TABLE deliveries (
  id text COLLATE "C" NOT NULL CHECK (length(id) = 41),
  account_id text COLLATE "C" NOT NULL,
  recipient text COLLATE "C" NOT NULL,
  country text,
  state smallint NOT NULL CHECK (state BETWEEN 0 AND 9),
  lane smallint NOT NULL CHECK (lane BETWEEN 0 AND 2),
  gateway_id text COLLATE "C",
  at_most_once smallint NOT NULL CHECK (at_most_once BETWEEN 0 AND 1),
  encoding text,
  segment_count integer NOT NULL CHECK (segment_count >= 0),
  available_time bigint NOT NULL,
  expire_time bigint NOT NULL,
  claimed_by text COLLATE "C",
  is_cancel_requested smallint NOT NULL DEFAULT 0 CHECK (is_cancel_requested BETWEEN 0 AND 1),
  attempt_count integer NOT NULL DEFAULT 0 CHECK (attempt_count >= 0),
  reference integer CHECK (reference BETWEEN 0 AND 65535),
  code text,
  reason text,
  submit_time bigint,
  final_time bigint,
  done_time bigint,
  progress text,
  PRIMARY KEY (id),
  CHECK (claimed_by IS NULL OR state BETWEEN 1 AND 2),
  CHECK (state <> 2 OR claimed_by IS NOT NULL),
  CHECK ((final_time IS NULL) = (state < 4)),
  CHECK (gateway_id IS NOT NULL OR state > 3)
) WITH (${busy});

CREATE INDEX deliveries_waiting ON deliveries (gateway_id, lane, available_time, id)
  WHERE state = 1 AND claimed_by IS NULL;
CREATE INDEX deliveries_expiring ON deliveries (expire_time, id) WHERE state = 1 AND claimed_by IS NULL;
CREATE INDEX deliveries_claimed ON deliveries (claimed_by, id) WHERE claimed_by IS NOT NULL;
CREATE INDEX deliveries_silent ON deliveries (expire_time, id) WHERE state = 3;

-- A fenced attempt (its claim was lost) has a negative number. parts: part-tuple.ts. A receipt rewrites them in place.
CREATE TABLE attempts (
  delivery_id text COLLATE "C" NOT NULL,
  number integer NOT NULL CHECK (number <> 0),
  gateway_id text COLLATE "C" NOT NULL,
  start_time bigint NOT NULL,
  end_time bigint NOT NULL,
  outcome text NOT NULL,
  encoding text NOT NULL,
  segment_count integer NOT NULL CHECK (segment_count > 0),
  reference integer,
  parts text NOT NULL,
  trace text,
  PRIMARY KEY (delivery_id, number)
) WITH (fillfactor = 70, ${busy});

-- Where receipts find their part; seq is about the order of submission, in which cleaning deletes. raw_id is NULL where it equals
-- match_key. A closed one has its final receipt.
CREATE TABLE smsc_ids (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  gateway_id text COLLATE "C" NOT NULL,
  match_key text COLLATE "C" NOT NULL,
  raw_id text COLLATE "C",
  delivery_id text COLLATE "C" NOT NULL,
  attempt integer NOT NULL CHECK (attempt <> 0),
  part smallint NOT NULL CHECK (part BETWEEN 1 AND 255),
  expire_time bigint NOT NULL,
  is_closed smallint NOT NULL DEFAULT 0 CHECK (is_closed BETWEEN 0 AND 1)
) WITH (fillfactor = 80, ${busy});
CREATE INDEX smsc_ids_by_key ON smsc_ids (gateway_id, match_key);

-- Receipts that came before their response (P2).
CREATE TABLE parked_receipts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  gateway_id text COLLATE "C" NOT NULL,
  match_key text COLLATE "C" NOT NULL,
  raw_id text COLLATE "C" NOT NULL,
  arrival_time bigint NOT NULL,
  receipt text NOT NULL,
  raw bytea NOT NULL
) WITH (${busy});
CREATE INDEX parked_receipts_by_key ON parked_receipts (gateway_id, match_key);
CREATE INDEX parked_receipts_by_raw_id ON parked_receipts (gateway_id, raw_id);

-- Receipts that could not be used, kept raw for people: unparsable, or of several parts at once (P1).
CREATE TABLE stray_receipts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  gateway_id text COLLATE "C" NOT NULL,
  why text NOT NULL CHECK (why IN ('UNPARSABLE', 'NOT_UNIQUE')),
  smsc_message_id text,
  arrival_time bigint NOT NULL,
  raw bytea NOT NULL
);

-- An event in the life of one delivery; what does not change is joined when it is read.
CREATE TABLE reports (
  account_id text COLLATE "C" NOT NULL,
  number bigint NOT NULL CHECK (number > 0),
  time bigint NOT NULL,
  state smallint NOT NULL CHECK (state BETWEEN 0 AND 9),
  delivery_id text COLLATE "C" NOT NULL,
  PRIMARY KEY (account_id, number)
) WITH (${busy});

-- Locked by the last statement of each writing transaction: number order is commit order. previous_time is last_time before the
-- last advance; reports below oldest are deleted.
CREATE TABLE report_counters (
  account_id text COLLATE "C" PRIMARY KEY,
  last bigint NOT NULL CHECK (last > 0),
  last_time bigint NOT NULL,
  previous_time bigint NOT NULL DEFAULT 0,
  oldest bigint NOT NULL DEFAULT 1
) WITH (${hot});

CREATE TABLE request_ids (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL,
  method text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  hash text NOT NULL,
  message_id text COLLATE "C" NOT NULL,
  time bigint NOT NULL,
  UNIQUE (account_id, method, id)
) WITH (${busy});

-- The last reference of each (recipient, sender as shown), counted up across gateways (P35).
CREATE TABLE concat_references (
  recipient text COLLATE "C" NOT NULL,
  sender text COLLATE "C" NOT NULL,
  reference integer NOT NULL CHECK (reference BETWEEN 0 AND 65535),
  time bigint NOT NULL,
  PRIMARY KEY (recipient, sender)
) WITH (${busy});
CREATE INDEX concat_references_by_time ON concat_references (time);

-- Messages from handsets and their parts (P37). A gathering row is locked by whoever adds a part, so that parts that arrive at two
-- replicas at once become one message.
CREATE TABLE incoming_messages (
  id text COLLATE "C" PRIMARY KEY,
  gateway_id text COLLATE "C" NOT NULL,
  sender text COLLATE "C" NOT NULL,
  recipient text COLLATE "C" NOT NULL,
  reference integer,
  part_count integer NOT NULL CHECK (part_count > 0),
  is_complete smallint NOT NULL CHECK (is_complete BETWEEN 0 AND 1),
  arrival_time bigint NOT NULL
);
CREATE INDEX incoming_messages_by_reference
  ON incoming_messages (gateway_id, sender, recipient, reference, part_count, id) WHERE reference IS NOT NULL;

CREATE TABLE incoming_parts (
  message_id text COLLATE "C" NOT NULL,
  sequence smallint NOT NULL CHECK (sequence BETWEEN 1 AND 255),
  data_coding smallint NOT NULL,
  text text,
  data bytea NOT NULL,
  udh bytea NOT NULL,
  arrival_time bigint NOT NULL,
  PRIMARY KEY (message_id, sequence)
);

CREATE TABLE incoming_gatherings (
  gateway_id text COLLATE "C" NOT NULL,
  sender text COLLATE "C" NOT NULL,
  recipient text COLLATE "C" NOT NULL,
  reference integer NOT NULL,
  part_count integer NOT NULL,
  time bigint NOT NULL,
  PRIMARY KEY (gateway_id, sender, recipient, reference, part_count)
);
CREATE INDEX incoming_gatherings_by_time ON incoming_gatherings (time);

CREATE TABLE subscriptions (
  account_id text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  position bigint NOT NULL CHECK (position >= 0),
  create_time bigint NOT NULL,
  acknowledge_time bigint,
  PRIMARY KEY (account_id, name)
) WITH (${hot});

CREATE TABLE api_keys (
  id text COLLATE "C" PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL,
  role text NOT NULL CHECK (role IN ('ACCOUNT', 'OPERATOR')),
  name text NOT NULL,
  hash text NOT NULL,
  create_time bigint NOT NULL,
  revoke_time bigint
);

CREATE TABLE gateway_pauses (
  gateway_id text COLLATE "C" PRIMARY KEY,
  reason text NOT NULL,
  time bigint NOT NULL
);

-- How far cleaning has come, by stage and account, and the messages that were not due when it passed them. The row of the stage ''
-- is held by the replica that cleans.
CREATE TABLE cleaning_marks (
  stage text COLLATE "C" NOT NULL,
  account_id text COLLATE "C" NOT NULL,
  message_id text COLLATE "C" NOT NULL,
  PRIMARY KEY (stage, account_id)
) WITH (${hot});
INSERT INTO cleaning_marks (stage, account_id, message_id) VALUES ('', '', '');

CREATE TABLE late_messages (
  stage text COLLATE "C" NOT NULL,
  due_time bigint NOT NULL,
  account_id text COLLATE "C" NOT NULL,
  message_id text COLLATE "C" NOT NULL,
  PRIMARY KEY (stage, due_time, account_id, message_id)
);

-- Who takes part. The lease is renewed each second by the database's clock; claimed_by is "id.epoch".
CREATE TABLE replicas (
  id text COLLATE "C" PRIMARY KEY,
  epoch bigint NOT NULL,
  lease_until timestamptz NOT NULL,
  is_dead boolean NOT NULL DEFAULT false
) WITH (${hot});
`,
};

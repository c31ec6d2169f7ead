/** The sessions of gateways, divided among the replicas; what each replica says of its gateways; resumes by hand. */
import type { Migration } from "../../schema-change.ts";

export const gatewaySessions: Migration = {
  version: 2,
  minReader: 1,
  sql: `
-- One row a session of a gateway, in the whole cluster. It is free where it has no owner or its lease is over; the owner renews it each
-- second by the database's clock. owner and epoch are those of a replica.
CREATE TABLE gateway_sessions (
  gateway_id text COLLATE "C" NOT NULL,
  slot smallint NOT NULL CHECK (slot >= 0),
  owner text COLLATE "C",
  epoch bigint,
  lease_until timestamptz,
  PRIMARY KEY (gateway_id, slot),
  CHECK ((owner IS NULL) = (epoch IS NULL) AND (owner IS NULL) = (lease_until IS NULL))
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500,
  autovacuum_vacuum_cost_delay = 0);

-- What a replica says of each gateway of its configuration: JSON by gateway (gateway-reports.ts); NULL where it wants no sessions.
ALTER TABLE replicas ADD COLUMN gateways text;

-- How many times each gateway was resumed by hand: every replica closes its circuit then and binds again.
CREATE TABLE gateway_resumes (
  gateway_id text COLLATE "C" PRIMARY KEY,
  count bigint NOT NULL CHECK (count > 0)
);
`,
};

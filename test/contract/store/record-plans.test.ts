/** How both databases find the rows of every statement in store/records: by a key or an index, however many rows there are. */
import { randomUUID } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect } from "../../../src/store/postgres/connect.ts";
import { migrateDatabase } from "../../../src/store/postgres/migrate-database.ts";
import type { Sql } from "../../../src/store/records/sql.ts";
import { statements } from "../../../src/store/records/sql.ts";
import { kindsOf, recordReads, recordWrites } from "../../../src/store/records/steps.ts";
import { migrate } from "../../../src/store/sqlite/migrate.ts";
import { createDatabase, postgresMissing, type TestDatabase } from "../../support/postgres-database.ts";

/** Snapshots of what operators keep, of which there is little, are read whole. */
const wholeReads = new Set([
  "list_operator_keys",
  // At the start of a process.
  "find_live_key",
  "find_live_operator_key",
  "list_signing_keys",
  "list_pauses",
  "list_bound_credentials",
  // A handful of replicas.
  "find_older_replica",
  "count_live_replicas",
]);

/** Rows for each table that a statement names: columns, and their values by `i`. */
const fillings: Readonly<Record<string, readonly [columns: string, values: string]>> = {
  subscriptions: [
    "account_id, name, position, create_time, reader_epoch",
    "'account-' || (i % 20), 'name-' || i, 0, i, i",
  ],
  report_counters: ["account_id, last, last_time", "'account-' || i, 1, i"],
  api_keys: [
    "id, account_id, role, name, hash, create_time",
    "'key-' || i, 'account-' || (i % 20), 'ACCOUNT', '', '', i",
  ],
  identities: [
    "issuer, value, account_id, scopes",
    "'https://id.example', 'client-' || i, 'account-' || (i % 20), 'SEND'",
  ],
  gateway_pauses: ["gateway_id, reason, time", "'gateway-' || i, '', i"],
  accounts: [
    "id, display_name, state, policy, revision, create_time",
    "'account-' || i, '', 'ACTIVE', '{}', 1, i",
  ],
  audit: [
    "number, time, key_id, actor, peer, method, subject, request, before",
    "i, i, 'key-' || (i % 20), '', '', '', 'account-' || (i % 50), '{}', ''",
  ],
  senders: [
    "account_id, sender, folded, state, shared, purpose, reason, create_time",
    "'account-' || (i % 20), 'sender-' || i, 'sender-' || i, 'APPROVED', 0, '', '', i",
  ],
  suppressions: [
    "account_id, recipient, source, content_categories, expire_time, create_time, seq",
    "'account-' || (i % 20), '+467' || i, 'CALL', '', i, i, i",
  ],
  suppression_counts: ["account_id, count", "'account-' || i, i"],
  guard_counts: [
    "hour, account_id, kind, destination, replica, count",
    "i % 20, 'account-' || (i % 50), 'recipient', '+467' || i, '', i",
  ],
  rate_lists: ["account_id, start_time, currency_code, rates", "'account-' || (i % 20), i, 'EUR', ''"],
  changes: ["kind, id, seq", "'account', 'account-' || i, i"],
  message_counts: ["owner, hour, hour_count", "'account-' || i, 1, 1"],
  bound_credentials: ["gateway_id, fingerprint, time", "'gateway-' || i, '', i"],
};

const fill = Object.entries(fillings).map(
  ([table, [columns, values]]) =>
    `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
     INSERT INTO ${table} (${columns}) SELECT ${values} FROM n`,
);

/** Faults of the plan of one statement. */
type Judge = (statement: Pick<Sql<unknown>, "text">) => Promise<readonly string[]>;

interface Planned {
  readonly judge: Judge;
  /** Brings in many rows, and makes the database know of them. */
  fill(): Promise<void>;
  close(): Promise<void>;
}

async function planOnSqlite(): Promise<Planned> {
  const db = new DatabaseSync(":memory:");
  migrate(db, ":memory:", randomUUID);
  return {
    async judge({ text }) {
      const plan = db.prepare(`EXPLAIN QUERY PLAN ${text.replaceAll(/\$(\d+)/g, "?$1")}`).all();
      const faults = plan.map(({ detail }) => String(detail));
      // What the statement makes itself is walked: its list of values, a part of it up to a LIMIT.
      const isOwn = (detail: string) =>
        /^SCAN (\d+ CONSTANT ROWS?|\d+-ROW VALUES CLAUSE|asked|counted)$/.test(detail);
      return faults.filter((detail) => /^SCAN|TEMP B-TREE/.test(detail) && !isOwn(detail));
    },
    async fill() {
      for (const text of [...fill, "ANALYZE"]) db.exec(text);
    },
    async close() {
      db.close();
    },
  };
}

interface PlanNode {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly "Index Cond"?: string;
  readonly Plans?: readonly PlanNode[];
}

function faultsOf(node: PlanNode): readonly string[] {
  const { "Node Type": type, "Relation Name": table } = node;
  const rows = table ?? node["Index Name"];
  // A heap's scan by a bitmap reads what the scan of the index below it found.
  const isWalk =
    /(?<!Bitmap Heap )Scan$/.test(type) && rows !== undefined && node["Index Cond"] === undefined;
  const faults = isWalk || type.endsWith("Sort") ? [`${type} of ${rows ?? "rows"}`] : [];
  return [...faults, ...(node.Plans ?? []).flatMap(faultsOf)];
}

async function planOnPostgres(): Promise<Planned> {
  const database: TestDatabase = await createDatabase();
  await migrateDatabase([database.url]);
  // With the store's settings: plans are made without the values.
  const client: pg.Client = await connect({ urls: [database.url], applicationName: "plans" });
  return {
    async judge({ text }) {
      const parameters = new Set(text.match(/\$\d+/g)).size;
      const values = parameters === 0 ? "" : `(${new Array(parameters).fill("NULL").join(", ")})`;
      await client.query(`PREPARE planned AS ${text}`);
      const { rows } = await client.query<{ "QUERY PLAN": [{ Plan: PlanNode }] }>(
        `EXPLAIN (FORMAT JSON) EXECUTE planned${values}`,
      );
      await client.query("DEALLOCATE planned");
      return rows.flatMap((row) => faultsOf(row["QUERY PLAN"][0].Plan));
    },
    async fill() {
      for (const text of [...fill, "ANALYZE"]) await client.query(text);
    },
    async close() {
      await client.end();
      await database.drop();
    },
  };
}

const stores = [
  { name: "SQLite", open: planOnSqlite, missing: undefined },
  { name: "PostgreSQL", open: planOnPostgres, missing: postgresMissing },
] as const;

for (const { name, open, missing } of stores) {
  const why = missing === undefined ? "" : ` (skipped: ${missing})`;
  describe.skipIf(missing !== undefined)(`${name} store: plans of cold data${why}`, () => {
    let planned: Planned;
    beforeAll(async () => {
      planned = await open();
    });
    afterAll(() => planned.close());

    const judgeAll = async () => {
      const faults: string[] = [];
      for (const statement of statements.values()) {
        if (wholeReads.has(statement.name)) continue;
        for (const fault of await planned.judge(statement)) faults.push(`${statement.name}: ${fault}`);
      }
      return faults;
    };

    it("P61 finds every row by a key or an index on empty tables, and on full ones that it knows", async () => {
      expect(statements.size).toBeGreaterThan(kindsOf({ ...recordReads, ...recordWrites }).length);
      expect(await judgeAll()).toEqual([]);
      await planned.fill();
      expect(await judgeAll()).toEqual([]);
    });

    it("would tell of one that reads a table whole, or sorts what it read", async () => {
      const whole = await planned.judge({ text: "SELECT id FROM api_keys WHERE hash = $1" });
      expect(whole).toHaveLength(1);
      const sorted = await planned.judge({
        text: "SELECT name FROM subscriptions WHERE account_id = $1 ORDER BY create_time",
      });
      expect(sorted).toHaveLength(1);
      for (const listing of wholeReads) {
        const statement = statements.get(listing);
        expect(statement && (await planned.judge(statement)), listing).not.toEqual([]);
      }
    });
  });
}

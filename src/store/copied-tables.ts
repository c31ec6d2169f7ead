/**
 * What a copy of a SQLite store takes into PostgreSQL. Columns that both have under one name are taken as they are; what differs, and
 * what is left out on purpose, stands here; tables of cold data are told by the migrations that make them. A test compares the list with
 * both schemas.
 */
import { coldTables } from "./migrations/list.ts";
import type { ColdTable } from "./schema-change.ts";

export interface CopiedTable extends ColdTable {
  /** What stands for the table in SQLite, where that is not the table itself. */
  readonly source?: string;
  /** Columns of PostgreSQL that SQLite says otherwise, as expressions of SQLite. */
  readonly derived?: Readonly<Record<string, string>>;
  /** Columns that one of them has for itself alone. */
  readonly ownColumns?: readonly string[];
  /** Which rows PostgreSQL has of its own, where its schema makes some. */
  readonly ownRows?: string;
}

/** No replica can have this in its name: what a process on the file had claimed is freed by the first that joins. */
const claimedByFile = "'sqlite:' || claimed_by";

/** In SQLite the first attempt may stand on the delivery. */
const firstAttemptColumns = [
  "first_start_time",
  "first_end_time",
  "first_encoding",
  "first_segment_count",
  "first_reference",
  "first_trace",
  "first_parts",
];

/** By age, in which PostgreSQL cleans; those under one key in the order of their submission, in which receipts find them. */
const smscIdsBySeq = `(
  SELECT row_number() OVER (ORDER BY age, gateway_id, match_key, nth) AS seq, gateway_id, match_key, raw_id, delivery_id, attempt,
    part, expire_time
  FROM (SELECT *, max(expire_time) OVER (PARTITION BY gateway_id, match_key ORDER BY nth) AS age FROM smsc_ids))`;

export const copiedTables: readonly CopiedTable[] = [
  { table: "messages", key: ["account_id", "id"] },
  {
    table: "deliveries",
    key: ["id"],
    derived: { claimed_by: claimedByFile },
    ownColumns: ["is_waiting", ...firstAttemptColumns],
  },
  { table: "attempts", source: "all_attempts", key: ["delivery_id", "number"] },
  {
    table: "smsc_ids",
    source: smscIdsBySeq,
    key: ["seq"],
    derived: { seq: "seq" },
    ownColumns: ["nth", "is_closed"],
  },
  { table: "parked_receipts", key: ["id"] },
  { table: "stray_receipts", key: ["id"] },
  { table: "reports", key: ["account_id", "number"] },
  {
    table: "report_counters",
    key: ["account_id"],
    derived: {
      oldest:
        "(SELECT ifnull(min(number), last + 1) FROM reports WHERE reports.account_id = report_counters.account_id)",
    },
    ownColumns: ["previous_time"],
  },
  { table: "request_ids", key: ["seq"] },
  { table: "concat_references", key: ["recipient", "sender"] },
  { table: "incoming_messages", key: ["id"] },
  { table: "incoming_parts", key: ["message_id", "sequence"] },
  ...coldTables,
  { table: "cleaning_marks", key: ["stage", "account_id"], ownRows: "stage = ''" },
  { table: "late_messages", key: ["stage", "due_time", "account_id", "message_id"] },
];

/** Tables of either store that no copy takes, and why. */
export const leftOutTables: Readonly<Record<string, string>> = {
  meta: "the store's id and line are taken, and the min_reader of a feature in use; version and epoch are each store's own",
  former_lines: "they stand in PostgreSQL's meta",
  replicas: "those of the database itself",
  gateway_sessions: "divided anew among the replicas that start",
  gateway_resumes: "counted from the start of a replica",
  incoming_gatherings: "locks, made when the next part comes",
  signing_keys: "whoever has a copy forges no token; the next token makes one",
};

/** A row by column; texts as SQLite holds them. */
export type CopiedRow = Readonly<Record<string, string | number | null | Uint8Array>>;

/** The last row that was taken of a table; undefined before its first. */
export interface CopyPosition {
  readonly table: string;
  readonly after: readonly (string | number)[] | undefined;
}

/** The store that is copied. */
export interface CopyOrigin {
  readonly storeId: string;
  /** Changes with each start of a service on the file, after which a copy has to begin anew. */
  readonly epoch: number;
  readonly lineId: string;
  /** The schema that a program has to know since a feature is in use; 0 where none asks for one. */
  readonly minReader: number;
  /** Oldest first, with each account's last number. */
  readonly formerLines: readonly { readonly id: string; readonly lasts: Readonly<Record<string, number>> }[];
}

/** Steps from one schema to the next, and what bringing a store to this program's schema did, or would do. */

export interface Migration {
  readonly version: number;
  /** The lowest schema version whose programs still read this one. */
  readonly minReader: number;
  readonly sql: string;
  /** Of PostgreSQL: built after it and outside of its transaction, so that replicas that run go on meanwhile. */
  readonly indexes?: readonly AddedIndex[];
}

export interface AddedIndex {
  readonly name: string;
  /** `smsc_ids (gateway_id, match_key)`, with a WHERE if need be. */
  readonly on: string;
  /** The name that the migration gave to the index of before; it goes once the new one stands. */
  readonly former?: string | undefined;
}

/** A step of both stores, or of the one whose text it has. */
export interface SharedMigration extends Omit<Migration, "sql"> {
  readonly sqlite?: string;
  /** Names no index of a table that may be large: those are in `indexes`. */
  readonly postgres?: string;
  /** What it makes of tables of cold data. */
  readonly coldTables?: readonly ColdTable[];
}

/** A table that both stores have alike. */
export interface ColdTable {
  readonly table: string;
  /** Rows are copied in its order, so that a copy that was cut off goes on after the last one. */
  readonly key: readonly string[];
}

export interface SchemaChange {
  /** The version that was found; undefined where there was no store yet. */
  readonly from: number | undefined;
  /** The version afterwards: this program's, or a newer one that it reads. */
  readonly to: number;
}

export interface MigratedStore extends SchemaChange {
  readonly storeId: string;
}

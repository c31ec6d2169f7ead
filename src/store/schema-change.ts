/** Steps from one schema to the next, and what bringing a store to this program's schema did, or would do. */

export interface Migration {
  readonly version: number;
  /** The lowest schema version whose programs still read this one. */
  readonly minReader: number;
  readonly sql: string;
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

/** How long things stay, and a bounded step of cleaning, as both stores are asked for it. Times are milliseconds since the epoch. */

export interface Retention {
  /** Bodies are erased this long after the last final state. */
  readonly bodiesMs: number;
  readonly reportsMs: number;
  readonly messagesMs: number;
  readonly requestIdsMs: number;
  readonly parkedReceiptsMs: number;
  readonly referencesMs: number;
  /** An SMSC id matches receipts until validity and this have passed. */
  readonly smscIdsMs: number;
}

export interface CleanRequest {
  readonly nowMs: number;
  readonly retention: Retention;
  readonly limit: number;
}

export interface Cleaned {
  readonly rows: number;
  /** Whether another step may find more. */
  readonly hasMore: boolean;
}

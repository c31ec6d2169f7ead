/** How long things stay, and the bounded steps of cleaning that both stores are asked for. Times are milliseconds since the epoch. */

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
  readonly auditMs: number;
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

/** Takes one step after the other, each a commit, until there is no more or `signal` says so; how many rows in all. */
export async function cleanAll(
  step: () => Promise<Cleaned>,
  signal: AbortSignal | undefined,
): Promise<number> {
  let rows = 0;
  for (let hasMore = true; hasMore && signal?.aborted !== true; ) {
    const cleaned = await step();
    rows += cleaned.rows;
    hasMore = cleaned.hasMore;
  }
  return rows;
}

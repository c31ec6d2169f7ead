/** A bounded step of retention, as both stores are asked for it. */
import type { Retention } from "./keeping.ts";

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

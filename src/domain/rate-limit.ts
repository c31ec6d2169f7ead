/** So many messages in so long. */
export interface RateLimit {
  /** One of `limitWindows`. */
  readonly windowMs: number;
  readonly messageCount: number;
}

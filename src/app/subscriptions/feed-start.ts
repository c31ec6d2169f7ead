/** Where a stream of a feed begins. */
export type FeedStart =
  | { readonly kind: "cursor"; readonly cursor: string }
  | { readonly kind: "subscription"; readonly name: string; readonly initialStart: "NOW" | "EARLIEST" }
  | { readonly kind: "time"; readonly timeMs: number }
  | { readonly kind: "earliest" }
  | { readonly kind: "now" };

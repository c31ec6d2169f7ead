/** When something that may end is over. */

/** From the very moment on; `endMs` is undefined for never. */
export function hasEnded(endMs: number | undefined, nowMs: number): boolean {
  return endMs !== undefined && endMs <= nowMs;
}

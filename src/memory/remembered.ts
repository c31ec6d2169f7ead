/** Values by text, each until a time of its own, and no more than so many: the oldest goes first. */

export interface Remembered<Value> {
  /** Undefined where it is not known any more at `nowMs`. */
  get(key: string, nowMs: number): Value | undefined;
  set(key: string, value: Value, untilMs: number): void;
}

export function createRemembered<Value>(maxCount: number): Remembered<Value> {
  const entries = new Map<string, { readonly value: Value; readonly untilMs: number }>();
  return {
    get(key, nowMs) {
      const entry = entries.get(key);
      return entry !== undefined && nowMs < entry.untilMs ? entry.value : undefined;
    },
    set(key, value, untilMs) {
      entries.delete(key);
      if (entries.size >= maxCount) {
        const [oldest] = entries.keys();
        if (oldest !== undefined) entries.delete(oldest);
      }
      entries.set(key, { value, untilMs });
    },
  };
}

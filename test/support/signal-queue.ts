/** Values that a test waits for one by one, in the order they came. */

export interface SignalQueue<T> {
  push(value: T): void;
  /** The next value; waits for it where there is none yet. */
  next(): Promise<T>;
  /** Values that nobody has taken. */
  readonly waiting: readonly T[];
}

export function createSignalQueue<T>(): SignalQueue<T> {
  const values: T[] = [];
  const takers: ((value: T) => void)[] = [];
  return {
    push(value) {
      const taker = takers.shift();
      if (taker === undefined) values.push(value);
      else taker(value);
    },
    next() {
      if (values.length > 0) return Promise.resolve(values.shift() as T);
      return new Promise((resolve) => takers.push(resolve));
    },
    get waiting() {
      return values;
    },
  };
}

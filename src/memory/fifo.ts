/** A queue whose head moves through an array, which is cut once half of it lies behind the head. */
export interface Fifo<Item> {
  readonly size: number;
  push(item: Item): void;
  /** The oldest, which stays. */
  peek(): Item | undefined;
  /** The oldest, which goes. */
  shift(): Item | undefined;
}

/** Array cells that may lie behind the head before they are cut off. */
const mostCellsBehind = 1_024;

/**
 * Makes an empty queue. What has left it is not held by it: an array that lives long is in the old generation, and would keep all
 * that its cells name, and what hangs on that, alive until the next full collection.
 */
export function createFifo<Item extends object>(): Fifo<Item> {
  let items: (Item | undefined)[] = [];
  let head = 0;
  return {
    get size() {
      return items.length - head;
    },
    push(item) {
      items.push(item);
    },
    peek: () => items[head],
    shift() {
      const item = items[head];
      if (item === undefined) return undefined;
      items[head] = undefined;
      head += 1;
      if (head === items.length) {
        items = [];
        head = 0;
      } else if (head > mostCellsBehind && head * 2 > items.length) {
        items = items.slice(head);
        head = 0;
      }
      return item;
    },
  };
}

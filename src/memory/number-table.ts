/**
 * A Map from numbers to objects for long-lived tables that much passes through. It forgets what has left it, which a Map does not: once its
 * table has become old, all that ever passed through it is kept until the next full collection (docs/adr/0075). Open addressing with linear
 * probing; removing moves what follows, so that no cell is left dead.
 */

const leastCells = 64;
/** 2^32 / φ: spreads consecutive numbers (Knuth, TAOCP 3, §6.4). */
const multiplier = 0x9e3779b1;

export class NumberTable<Item extends object> {
  #keys: number[] = [];
  #items: (Item | undefined)[] = [];
  #size = 0;
  /** 32 less the bits of a cell's index. */
  #shift = 32;

  constructor() {
    this.#makeCells(leastCells);
  }

  get size(): number {
    return this.#size;
  }

  get(key: number): Item | undefined {
    return this.#items[this.#find(key)];
  }

  has(key: number): boolean {
    return this.get(key) !== undefined;
  }

  /** Puts an item under a whole number below 2^53, replacing one that is there. */
  set(key: number, item: Item): this {
    let cell = this.#find(key);
    if (this.#items[cell] === undefined) {
      if (this.#size * 2 >= this.#items.length) {
        this.#grow();
        cell = this.#find(key);
      }
      this.#size += 1;
    }
    this.#keys[cell] = key;
    this.#items[cell] = item;
    return this;
  }

  delete(key: number): boolean {
    let gap = this.#find(key);
    if (this.#items[gap] === undefined) return false;
    const mask = this.#items.length - 1;
    for (let cell = (gap + 1) & mask; this.#items[cell] !== undefined; cell = (cell + 1) & mask) {
      const distance = (cell - this.#homeOf(this.#keys[cell] ?? 0)) & mask;
      if (distance < ((cell - gap) & mask)) continue;
      this.#keys[gap] = this.#keys[cell] ?? 0;
      this.#items[gap] = this.#items[cell];
      gap = cell;
    }
    this.#items[gap] = undefined;
    this.#size -= 1;
    return true;
  }

  clear(): void {
    this.#makeCells(leastCells);
    this.#size = 0;
  }

  /** All items, in no order that means anything; the table must not change meanwhile. */
  *values(): Generator<Item, void> {
    for (const item of this.#items) if (item !== undefined) yield item;
  }

  #homeOf(key: number): number {
    return Math.imul(key, multiplier) >>> this.#shift;
  }

  /** The cell of a key, or the empty one where it would go. */
  #find(key: number): number {
    const mask = this.#items.length - 1;
    let cell = this.#homeOf(key);
    while (this.#items[cell] !== undefined && this.#keys[cell] !== key) cell = (cell + 1) & mask;
    return cell;
  }

  #grow(): void {
    const keys = this.#keys;
    const items = this.#items;
    this.#makeCells(items.length * 2);
    for (const [index, item] of items.entries()) {
      if (item === undefined) continue;
      const key = keys[index] ?? 0;
      const cell = this.#find(key);
      this.#keys[cell] = key;
      this.#items[cell] = item;
    }
  }

  #makeCells(count: number): void {
    this.#keys = new Array<number>(count).fill(0);
    this.#items = new Array<Item | undefined>(count).fill(undefined);
    this.#shift = 32 - Math.log2(count);
  }
}

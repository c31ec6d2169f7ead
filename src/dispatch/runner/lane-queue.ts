/** A first-in-first-out queue of one lane's deliveries, in which one that left can be put back at its former position. */
import type { InHand } from "../delivery/in-hand.ts";

export class LaneQueue {
  #items: InHand[] = [];
  #head = 0;
  /** Put back, ascending by order; all of them come before `#items`. */
  #returned: InHand[] = [];
  #lastOrder = 0;

  get length(): number {
    return this.#items.length - this.#head + this.#returned.length;
  }

  /** Acceptance of the oldest that no gateway was tried with yet; undefined where there is none. */
  oldestUntriedMs(): number | undefined {
    let oldest: number | undefined;
    const look = ({ progress, returns, message: { acceptTimeMs } }: InHand) => {
      const isUntried = progress.attemptCount === 0 && returns === 0;
      if (isUntried && (oldest === undefined || acceptTimeMs < oldest)) oldest = acceptTimeMs;
    };
    for (const item of this.#returned) look(item);
    for (let at = this.#head; at < this.#items.length; at++) look(this.#items[at] as InHand);
    return oldest;
  }

  push(item: InHand): void {
    item.order = ++this.#lastOrder;
    this.#items.push(item);
  }

  /** Puts an item that was shifted before back to its position. */
  putBack(item: InHand): void {
    let at = this.#returned.length;
    while (at > 0 && (this.#returned[at - 1]?.order ?? 0) > item.order) at--;
    this.#returned.splice(at, 0, item);
  }

  peek(): InHand | undefined {
    return this.#returned.length > 0 ? this.#returned[0] : this.#items[this.#head];
  }

  shift(): InHand | undefined {
    if (this.#returned.length > 0) return this.#returned.shift();
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#head++;
    if (this.#head === this.#items.length) {
      this.#items = [];
      this.#head = 0;
    } else if (this.#head >= 1024) {
      this.#items.splice(0, this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** The first items, at most `limit`. */
  front(limit: number): readonly InHand[] {
    const front = this.#returned.slice(0, limit);
    const rest = limit - front.length;
    return rest > 0 ? front.concat(this.#items.slice(this.#head, this.#head + rest)) : front;
  }

  /** Takes out all items that `isWanted` names, in order. */
  remove(isWanted: (item: InHand) => boolean): readonly InHand[] {
    const removed: InHand[] = [];
    const keep = (item: InHand): boolean => {
      if (!isWanted(item)) return true;
      removed.push(item);
      return false;
    };
    this.#returned = this.#returned.filter(keep);
    this.#items = this.#items.slice(this.#head).filter(keep);
    this.#head = 0;
    return removed;
  }
}

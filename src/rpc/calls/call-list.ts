/** Calls in the order in which they came, linked to each other: adding and taking out cost nothing and leave nothing (docs/adr/0075). */

/** What a list writes into what it holds. */
export interface Listed {
  list: object | undefined;
  older: Listed | undefined;
  newer: Listed | undefined;
}

/**
 * A call that is looked at from time to time, by the list that it is in. Methods that answer a boolean say whether to go on with the next
 * younger one.
 */
export interface WatchedCall extends Listed {
  /** Its request did not arrive in time. */
  endLate(nowMs: number): boolean;
  /** A message of its stream begins and does not go on. */
  endStuck(nowMs: number): true;
  /** Its answer was not read in time. */
  endUnread(nowMs: number): boolean;
}

export class CallList<Item extends Listed> {
  #oldest: Listed | undefined;
  #newest: Listed | undefined;

  /** From the oldest on. What is visited may be taken out meanwhile; answers false to stop. */
  visit(look: (item: Item) => boolean): void {
    for (let item = this.#oldest; item !== undefined; ) {
      const { newer } = item;
      if (!look(item as Item)) return;
      item = newer;
    }
  }

  /** Adds one that is in no list. */
  add(item: Item): void {
    item.list = this;
    item.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = item;
    else this.#newest.newer = item;
    this.#newest = item;
  }

  /** Takes one out; harmless where it is not in this list. */
  remove(item: Item): void {
    if (item.list !== this) return;
    if (item.older === undefined) this.#oldest = item.newer;
    else item.older.newer = item.newer;
    if (item.newer === undefined) this.#newest = item.older;
    else item.newer.older = item.older;
    item.older = undefined;
    item.newer = undefined;
    item.list = undefined;
  }
}

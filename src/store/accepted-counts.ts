/** What one transaction has to count against limits of an hour or a day; nothing is made where there are none. */
import type { LimitOwner } from "../domain/limit-owner.ts";
import { limitWindows } from "../domain/limit-windows.ts";
import type { AcceptedCount } from "./records/message-counts.ts";

/** Messages that one acceptance counts, and against whose limits. */
export interface Counted {
  readonly owners: readonly LimitOwner[];
  readonly count: number;
}

export class AcceptedCounts {
  #counts: Map<string, AcceptedCount> | undefined;

  add({ owners, count }: Counted, acceptTimeMs: number): void {
    const hour = Math.floor(acceptTimeMs / limitWindows.hour);
    const day = Math.floor(acceptTimeMs / limitWindows.day);
    this.#counts ??= new Map();
    for (const owner of owners) {
      const key = `${hour} ${owner}`;
      const before = this.#counts.get(key)?.count ?? 0;
      this.#counts.set(key, { owner, hour, day, count: before + count });
    }
  }

  /** In the order in which all transactions lock owners. */
  sorted(): readonly AcceptedCount[] {
    if (this.#counts === undefined) return [];
    return [...this.#counts.values()].sort((a, b) => compare(a.owner, b.owner) || a.hour - b.hour);
  }
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

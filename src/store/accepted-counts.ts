/** What one transaction has to count of accounts with limits of an hour or a day; nothing is made where there are none. */
import type { AccountId } from "../domain/ids.ts";
import { limitWindows } from "../domain/limit-windows.ts";
import type { AcceptedCount } from "./records/account-totals.ts";

export class AcceptedCounts {
  #counts: Map<string, AcceptedCount> | undefined;

  add(accountId: AccountId, acceptTimeMs: number, count: number): void {
    const hour = Math.floor(acceptTimeMs / limitWindows.hour);
    const day = Math.floor(acceptTimeMs / limitWindows.day);
    this.#counts ??= new Map();
    // No id has a space in it.
    const key = `${accountId} ${hour}`;
    const before = this.#counts.get(key)?.count ?? 0;
    this.#counts.set(key, { accountId, hour, day, count: before + count });
  }

  /** In the order in which all transactions lock accounts. */
  sorted(): readonly AcceptedCount[] {
    if (this.#counts === undefined) return [];
    return [...this.#counts.values()].sort((a, b) => compare(a.accountId, b.accountId) || a.hour - b.hour);
  }
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

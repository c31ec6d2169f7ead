/** What every send asks of the lists of suppressed numbers. */
import type { AccountId } from "../../domain/ids.ts";
import type { E164 } from "../../domain/message.ts";
import type { Suppression } from "../../domain/suppression.ts";

/** What keeps messages from numbers; those that have nothing are not in it. */
export type Suppressed = ReadonlyMap<E164, readonly Suppression[]>;

export interface Suppressions {
  /** What stands on the account's list and on that for all at this time; undefined, at once, where none of the numbers is on one. */
  find(
    accountId: AccountId,
    recipients: readonly (E164 | undefined)[],
    nowMs: number,
  ): Promise<Suppressed | undefined> | undefined;
}

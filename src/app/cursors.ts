/** Cursors into an account's reports: the number of the last report that was read, sealed for the store and the account. */
import { SmsError } from "../domain/errors.ts";
import type { AccountId } from "../domain/ids.ts";
import type { ReportBounds } from "../store/store.ts";
import type { TokenSealer } from "./sealed-token.ts";

export interface Cursors {
  /** The cursor after report `number`; 0 stands before the first. */
  cursorAfter(accountId: AccountId, number: number): string;
  /** The number in a cursor; INVALID_CURSOR where it is foreign or broken. */
  numberIn(accountId: AccountId, cursor: string): number;
}

/** Makes the cursors of one store. */
export function createCursors(sealer: TokenSealer): Cursors {
  const purpose = (accountId: AccountId) => `reports\u0000${accountId}`;
  return {
    cursorAfter: (accountId, number) => sealer.seal(purpose(accountId), String(number)),
    numberIn(accountId, cursor) {
      const value = sealer.open(purpose(accountId), cursor);
      if (value === undefined) throw invalidCursor("cursor");
      return Number(value);
    },
  };
}

export function invalidCursor(field: string): SmsError {
  const description = "is not one of ours: foreign, damaged or beyond the last report";
  return new SmsError("INVALID_CURSOR", undefined, {
    violations: [{ field, reason: "INVALID_CURSOR", description }],
  });
}

/** Reports after the position have been deleted; tells where reading can begin. */
export function cursorExpired(cursors: Cursors, accountId: AccountId, bounds: ReportBounds): SmsError {
  const oldest = cursors.cursorAfter(accountId, bounds.oldest - 1);
  return new SmsError("CURSOR_EXPIRED", undefined, { metadata: { oldest_cursor: oldest } });
}

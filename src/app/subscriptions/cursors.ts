/** Cursors into an account's reports: the number of the last report that was read, sealed for the line of numbers and the account. */
import { SmsError } from "../../domain/errors.ts";
import type { AccountId } from "../../domain/ids.ts";
import type { ReportBounds, ReportLine } from "../../store/reports.ts";
import { createTokenSealer } from "../calls/sealed-token.ts";

export interface Cursors {
  /** The cursor after report `number`; 0 stands before the first. */
  cursorAfter(accountId: AccountId, number: number): string;
  /** The number in a cursor, which came in `field`; INVALID_CURSOR where it is foreign, broken, or lies behind the copy that the store was restored from. */
  numberIn(accountId: AccountId, cursor: string, field?: string): number;
  /** The line in use now. */
  line(): ReportLine;
  /** Passes where the report `number` of a line that was in use before is in the present one too; INVALID_CURSOR otherwise. */
  carryOver(accountId: AccountId, line: ReportLine, number: number): void;
}

/** Makes the cursors of one store, whose line may become another one. */
export function createCursors(lineOf: () => ReportLine): Cursors {
  const purpose = (accountId: AccountId) => `reports\u0000${accountId}`;
  let current = sealersOf(lineOf());
  const sealers = () => {
    const line = lineOf();
    if (current.line !== line) current = sealersOf(line);
    return current;
  };
  return {
    line: lineOf,
    cursorAfter: (accountId, number) => sealers().sealer.seal(purpose(accountId), String(number)),
    carryOver(accountId, line, number) {
      const former = lineOf().former.find(({ id }) => id === line.id);
      if (former === undefined || number > former.lastOf(accountId)) throw behindCopy("cursor");
    },
    numberIn(accountId, cursor, field = "cursor") {
      const { sealer, formerLines } = sealers();
      const value = sealer.open(purpose(accountId), cursor);
      if (value !== undefined) return Number(value);
      for (const { line, sealer } of formerLines) {
        const formerValue = sealer.open(purpose(accountId), cursor);
        if (formerValue === undefined) continue;
        if (Number(formerValue) <= line.lastOf(accountId)) return Number(formerValue);
        throw behindCopy(field);
      }
      throw invalidCursor(field);
    },
  };
}

function sealersOf(line: ReportLine) {
  const formerLines = line.former.map((former) => ({ line: former, sealer: createTokenSealer(former.id) }));
  return { line, sealer: createTokenSealer(line.id), formerLines };
}

function behindCopy(field: string): SmsError {
  return refusedCursor(
    field,
    "is of a report after the copy that the store was restored from; begin at a time or at the earliest",
  );
}

export function invalidCursor(field: string): SmsError {
  return refusedCursor(field, "is not one of ours: foreign, damaged or beyond the last report");
}

function refusedCursor(field: string, description: string): SmsError {
  return new SmsError("INVALID_CURSOR", undefined, {
    violations: [{ field, reason: "INVALID_CURSOR", description }],
  });
}

/** Reports after the position have been deleted; tells where reading can begin. */
export function cursorExpired(cursors: Cursors, accountId: AccountId, bounds: ReportBounds): SmsError {
  const oldest = cursors.cursorAfter(accountId, bounds.oldest - 1);
  return new SmsError("CURSOR_EXPIRED", undefined, { metadata: { oldest_cursor: oldest } });
}

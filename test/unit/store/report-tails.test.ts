import { beforeEach, describe, expect, it } from "vitest";
import { type AccountId, deliveryIdOf, toAccountId } from "../../../src/domain/ids.ts";
import { maskOf, stateCodes } from "../../../src/store/codes.ts";
import type { FreshReports } from "../../../src/store/fresh-reports.ts";
import type { PackedRow } from "../../../src/store/packed-scan.ts";
import {
  createReportTails,
  type ReportTails,
  type ReportTailsDeps,
} from "../../../src/store/report-tails.ts";
import type { ReportLine, StoredReport } from "../../../src/store/reports.ts";
import { createFakeClock, type FakeClock } from "../../support/fake-clock.ts";
import { account, newMessageId, recipientAt, startMs } from "../../support/store-builders.ts";

const other = toAccountId("other");
const everything = maskOf(undefined);
const finals = new Set<StoredReport["state"]>(["DELIVERED", "UNKNOWN"]);

let clock: FakeClock;
let line: ReportLine;
let followed: [AccountId, number][];

beforeEach(() => {
  clock = createFakeClock(startMs);
  line = { id: "one", former: [] };
  followed = [];
});

function createTails(bounds: ReportTailsDeps["bounds"] = {}): ReportTails {
  const onFollowed = (id: AccountId, mask: number) => void followed.push([id, mask]);
  return createReportTails({ clock, lineOf: () => line, onFollowed, bounds });
}

function rowAt(number: number, first: number, state: StoredReport["state"], metadata = ""): PackedRow {
  const values = [number, startMs, stateCodes[state], deliveryIdOf(newMessageId(), 0), recipientAt(number)];
  const shown = [
    null,
    1,
    null,
    null,
    null,
    null,
    null,
    null,
    null,
    metadata === "" ? null : JSON.stringify({ padding: metadata }),
    startMs,
    "Acme",
    first,
  ];
  return [...values, ...shown] as unknown as PackedRow;
}

/** A commit of reports `first` to `last`, the rows those in the states of `mask`. */
function commit(
  first: number,
  last: number,
  { mask = everything, state = "QUEUED" as StoredReport["state"], metadata = "" } = {},
): FreshReports {
  const rows: PackedRow[] = [];
  for (let number = first; number <= last; number++)
    if ((mask >> stateCodes[state]) & 1) rows.push(rowAt(number, first, state, metadata));
  return { first, mask, rows };
}

const scan = (tails: ReportTails, after: number, limit = 100, mask = everything, id = account) =>
  tails.scan(id, { after, limit, mask });
const numbersOf = (found: ReturnType<typeof scan>) => found?.reports.map(({ number }) => number);

describe("createReportTails", () => {
  it("keeps nothing of an account that nobody follows", () => {
    const tails = createTails();
    tails.note(account, 2, commit(1, 2));
    expect(scan(tails, 0)).toBeUndefined();
    const leave = tails.follow(account, undefined);
    tails.note(account, 3, commit(3, 3));
    expect(numbersOf(scan(tails, 2))).toEqual([3]);
    leave();
    leave();
    expect(scan(tails, 2)).toBeUndefined();
    expect(followed).toEqual([
      [account, everything],
      [account, 0],
    ]);
  });

  it("serves what follows on a number in it, up to a limit, and nothing else", () => {
    const tails = createTails();
    tails.follow(account, undefined);
    tails.note(account, 7, commit(5, 7));
    tails.note(account, 9, commit(8, 9));
    expect(scan(tails, 3)).toBeUndefined();
    expect(scan(tails, 4)).toMatchObject({ first: 5, last: 9 });
    expect(numbersOf(scan(tails, 4))).toEqual([5, 6, 7, 8, 9]);
    expect(numbersOf(scan(tails, 5, 3))).toEqual([6, 7, 8]);
    expect(scan(tails, 5, 3)).toMatchObject({ first: 6, last: 8 });
    expect(numbersOf(scan(tails, 8))).toEqual([9]);
    // There may be more in the store by now.
    expect(scan(tails, 9)).toBeUndefined();
    expect(scan(tails, 20)).toBeUndefined();
  });

  it("begins anew behind reports that were committed elsewhere or were not at hand", () => {
    const tails = createTails();
    tails.follow(account, undefined);
    tails.note(account, 2, commit(1, 2));
    // Told by another process, or committed here without rows.
    tails.note(account, 3);
    expect(scan(tails, 1)).toBeUndefined();
    tails.note(account, 4, commit(4, 4));
    expect(scan(tails, 2)).toBeUndefined();
    expect(numbersOf(scan(tails, 3))).toEqual([4]);
    // Number 5 was committed elsewhere, and nobody has told of it.
    tails.note(account, 6, commit(6, 6));
    expect(scan(tails, 3)).toBeUndefined();
    expect(numbersOf(scan(tails, 5))).toEqual([6]);
  });

  it("takes no news for news, and no reports behind those that are known to follow on them", () => {
    const tails = createTails();
    tails.follow(account, undefined);
    tails.note(account, 2, commit(1, 2));
    tails.note(account, 2);
    tails.note(account, 1);
    expect(numbersOf(scan(tails, 0))).toEqual([1, 2]);
    // Another process has told of 4 before the answer to the commit of 3 came.
    tails.note(account, 4);
    tails.note(account, 3, commit(3, 3));
    expect(scan(tails, 2)).toBeUndefined();
    tails.note(account, 5, commit(5, 5));
    expect(numbersOf(scan(tails, 4))).toEqual([5]);
  });

  it("asks for the states that any follower wants, and serves those only behind commits that had them", () => {
    const tails = createTails();
    const mask = maskOf(finals);
    const leave = tails.follow(account, finals);
    tails.follow(account, finals);
    tails.note(account, 2, commit(1, 2, { mask }));
    tails.note(account, 3, commit(3, 3, { mask, state: "DELIVERED" }));
    expect(scan(tails, 0, 100, mask)).toMatchObject({ first: 1, last: 3 });
    expect(numbersOf(scan(tails, 0, 100, mask))).toEqual([3]);
    expect(scan(tails, 1, 1, mask)).toMatchObject({ reports: [], first: 2, last: 2 });
    tails.follow(account, undefined);
    expect(scan(tails, 2)).toBeUndefined();
    tails.note(account, 4, commit(4, 4));
    expect(scan(tails, 2)).toBeUndefined();
    expect(numbersOf(scan(tails, 3))).toEqual([4]);
    expect(numbersOf(scan(tails, 2, 100, mask))).toEqual([3]);
    leave();
    expect(followed).toEqual([
      [account, mask],
      [account, everything],
    ]);
  });

  it("gives several followers the same objects, and says so", () => {
    const tails = createTails();
    const leave = tails.follow(account, undefined);
    tails.note(account, 2, commit(1, 2));
    expect(scan(tails, 0)?.isShared).toBe(false);
    tails.follow(account, finals);
    const [one, two] = [scan(tails, 0), scan(tails, 1)];
    expect(one?.isShared).toBe(true);
    expect(two?.reports[0]).toBe(one?.reports[1]);
    leave();
    expect(scan(tails, 0)?.isShared).toBe(false);
  });

  it("P38 drops the oldest commits beyond a number and beyond a size, so that who is slow reads the store", () => {
    const few = createTails({ count: 6 });
    few.follow(account, undefined);
    for (let number = 1; number <= 10; number += 1) few.note(account, number, commit(number, number));
    expect(scan(few, 6)).toBeUndefined();
    expect(numbersOf(scan(few, 7))).toEqual([8, 9, 10]);
    // One that alone is too large leaves nothing.
    few.note(account, 20, commit(11, 20));
    expect(scan(few, 10)).toBeUndefined();
    const small = createTails({ octets: 10_000 });
    small.follow(account, undefined);
    for (let number = 1; number <= 10; number += 1)
      small.note(account, number, commit(number, number, { metadata: "x".repeat(1_000) }));
    expect(scan(small, 7)).toBeUndefined();
    expect(numbersOf(scan(small, 8))).toEqual([9, 10]);
  });

  it("P38 drops commits without a wanted report too, also where nobody reads", () => {
    const tails = createTails({ count: 3 });
    const mask = maskOf(finals);
    tails.follow(account, finals);
    for (let number = 1; number <= 10; number += 1)
      tails.note(account, number, commit(number, number, { mask }));
    expect(scan(tails, 6, 100, mask)).toBeUndefined();
    expect(scan(tails, 7, 100, mask)).toMatchObject({ reports: [], first: 8, last: 10 });
  });

  it("P38 empties the account whose last commit is longest ago where all together hold too much", () => {
    const tails = createTails({ allOctets: 5_000 });
    tails.follow(account, undefined);
    tails.follow(other, undefined);
    tails.note(account, 2, commit(1, 2));
    tails.note(other, 2, commit(1, 2));
    expect(numbersOf(scan(tails, 0))).toEqual([1, 2]);
    tails.note(other, 4, commit(3, 4));
    expect(scan(tails, 0)).toBeUndefined();
    expect(numbersOf(scan(tails, 0, 100, everything, other))).toEqual([1, 2, 3, 4]);
    tails.note(account, 3, commit(3, 3));
    expect(scan(tails, 0, 100, everything, other)).toBeUndefined();
    expect(numbersOf(scan(tails, 2))).toEqual([3]);
  });

  it("serves nothing that retention may have deleted since", () => {
    const tails = createTails();
    tails.follow(account, undefined);
    tails.note(account, 1, commit(1, 1));
    clock.advance(6_000);
    tails.note(account, 2, commit(2, 2));
    clock.advance(4_001);
    expect(scan(tails, 0)).toBeUndefined();
    expect(numbersOf(scan(tails, 1))).toEqual([2]);
    clock.advance(6_000);
    expect(scan(tails, 1)).toBeUndefined();
  });

  it("serves nothing of the line of a database that another has taken over from", () => {
    const tails = createTails();
    tails.follow(account, undefined);
    tails.note(account, 9, commit(8, 9));
    line = { id: "two", former: [{ id: line.id, lastOf: () => 7 }] };
    expect(scan(tails, 7)).toBeUndefined();
    // Numbers go on where the other one was, which may be less far.
    tails.note(account, 8, commit(8, 8));
    expect(numbersOf(scan(tails, 7))).toEqual([8]);
  });
});

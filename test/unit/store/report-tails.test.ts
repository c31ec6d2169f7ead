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
import type { FollowedReports, ReportLine, ReportScan, StoredReport } from "../../../src/store/reports.ts";
import { createFakeClock, type FakeClock } from "../../support/fake-clock.ts";
import { account, newMessageId, recipientAt, startMs } from "../../support/store-builders.ts";

const other = toAccountId("other");
const everything = maskOf(undefined);
const finals = new Set<StoredReport["state"]>(["DELIVERED", "UNKNOWN"]);

/** What the store answers in these tests. */
const stored: ReportScan = { reports: [], first: undefined, last: undefined };

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
  const scanStored = () => Promise.resolve(stored);
  return createReportTails({ scanStored, clock, lineOf: () => line, onFollowed, bounds });
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

/** The numbers at hand behind `after`; "read" where the store was read. */
async function numbersBehind(following: FollowedReports, after: number, limit = 100) {
  const found = await following.scan(after, limit);
  return found === stored ? "read" : found.reports.map(({ number }) => number);
}

describe("createReportTails", () => {
  it("keeps nothing of an account that nobody follows", async () => {
    const tails = createTails();
    tails.note(account, 2, commit(1, 2));
    const following = tails.follow(account, undefined);
    expect(await numbersBehind(following, 0)).toBe("read");
    tails.note(account, 3, commit(3, 3));
    expect(await numbersBehind(following, 2)).toEqual([3]);
    following.stop();
    following.stop();
    expect(await numbersBehind(following, 2)).toBe("read");
    expect(followed).toEqual([
      [account, everything],
      [account, 0],
    ]);
  });

  it("serves what follows on a number in it, up to a limit, and nothing else", async () => {
    const tails = createTails();
    const following = tails.follow(account, undefined);
    tails.note(account, 7, commit(5, 7));
    tails.note(account, 9, commit(8, 9));
    expect(await numbersBehind(following, 3)).toBe("read");
    expect(await following.scan(4, 100)).toMatchObject({ first: 5, last: 9 });
    expect(await numbersBehind(following, 4)).toEqual([5, 6, 7, 8, 9]);
    expect(await following.scan(5, 3)).toMatchObject({ first: 6, last: 8 });
    expect(await numbersBehind(following, 5, 3)).toEqual([6, 7, 8]);
    expect(await numbersBehind(following, 8)).toEqual([9]);
    // There may be more in the store by now.
    expect(await numbersBehind(following, 9)).toBe("read");
    expect(await numbersBehind(following, 20)).toBe("read");
  });

  it("forgets what all that read here have read, and waits for none that lags behind it", async () => {
    const tails = createTails();
    const [fast, slow, lagging] = [1, 2, 3].map(() => tails.follow(account, undefined)) as [
      FollowedReports,
      FollowedReports,
      FollowedReports,
    ];
    tails.note(account, 11, commit(11, 11));
    tails.note(account, 12, commit(12, 12));
    tails.note(account, 13, commit(13, 13));
    expect(await numbersBehind(lagging, 4)).toBe("read");
    expect(await numbersBehind(fast, 10)).toEqual([11, 12, 13]);
    expect(await numbersBehind(slow, 10)).toEqual([11, 12, 13]);
    expect(await numbersBehind(fast, 12)).toEqual([13]);
    expect(await numbersBehind(slow, 10, 1)).toEqual([11]);
    expect(await numbersBehind(slow, 11)).toEqual([12, 13]);
    // Both have read 11.
    expect(await numbersBehind(lagging, 10)).toBe("read");
    slow.stop();
    expect(await numbersBehind(fast, 12)).toEqual([13]);
    expect(await numbersBehind(lagging, 11)).toBe("read");
    expect(await numbersBehind(lagging, 12)).toEqual([13]);
  });

  it("begins anew behind reports that were committed elsewhere or were not at hand", async () => {
    const tails = createTails();
    const following = tails.follow(account, undefined);
    tails.note(account, 2, commit(1, 2));
    // Told by another process, or committed here without rows.
    tails.note(account, 3);
    expect(await numbersBehind(following, 1)).toBe("read");
    tails.note(account, 4, commit(4, 4));
    expect(await numbersBehind(following, 2)).toBe("read");
    expect(await numbersBehind(following, 3)).toEqual([4]);
    // Number 5 was committed elsewhere, and nobody has told of it.
    tails.note(account, 6, commit(6, 6));
    expect(await numbersBehind(following, 3)).toBe("read");
    expect(await numbersBehind(following, 4)).toBe("read");
    expect(await numbersBehind(following, 5)).toEqual([6]);
  });

  it("takes no news for news, and no reports behind those that are known to follow on them", async () => {
    const tails = createTails();
    const following = tails.follow(account, undefined);
    tails.note(account, 2, commit(1, 2));
    tails.note(account, 2);
    tails.note(account, 1);
    expect(await numbersBehind(following, 0)).toEqual([1, 2]);
    // Another process has told of 4 before the answer to the commit of 3 came.
    tails.note(account, 4);
    tails.note(account, 3, commit(3, 3));
    expect(await numbersBehind(following, 2)).toBe("read");
    tails.note(account, 5, commit(5, 5));
    expect(await numbersBehind(following, 4)).toEqual([5]);
  });

  it("asks for the states that any follower wants, and serves those only behind commits that had them", async () => {
    const tails = createTails();
    const mask = maskOf(finals);
    const [one, two] = [tails.follow(account, finals), tails.follow(account, finals)];
    tails.note(account, 2, commit(1, 2, { mask }));
    tails.note(account, 3, commit(3, 3, { mask, state: "DELIVERED" }));
    expect(await one.scan(0, 100)).toMatchObject({ first: 1, last: 3 });
    expect(await numbersBehind(one, 0)).toEqual([3]);
    expect(await one.scan(1, 1)).toMatchObject({ reports: [], first: 2, last: 2 });
    const wide = tails.follow(account, undefined);
    expect(await numbersBehind(wide, 2)).toBe("read");
    tails.note(account, 4, commit(4, 4));
    expect(await numbersBehind(wide, 2)).toBe("read");
    expect(await numbersBehind(wide, 3)).toEqual([4]);
    expect(await numbersBehind(two, 2)).toEqual([3]);
    one.stop();
    expect(followed).toEqual([
      [account, mask],
      [account, everything],
    ]);
    wide.stop();
    expect(followed.at(-1)).toEqual([account, mask]);
  });

  it("gives several followers the same objects, and says so", async () => {
    const tails = createTails();
    const one = tails.follow(account, undefined);
    tails.note(account, 2, commit(1, 2));
    expect((await one.scan(0, 100)).isShared).toBe(false);
    const two = tails.follow(account, undefined);
    const [ofOne, ofTwo] = [await one.scan(0, 100), await two.scan(1, 100)];
    expect(ofOne.isShared).toBe(true);
    expect(ofTwo.reports[0]).toBe(ofOne.reports[1]);
    two.stop();
    expect((await one.scan(0, 100)).isShared).toBe(false);
  });

  it("P38 drops the oldest commits beyond a number and beyond a size, so that who is slow reads the store", async () => {
    const few = createTails({ count: 6 });
    const silent = few.follow(account, undefined);
    few.note(account, 1, commit(1, 1));
    expect(await numbersBehind(silent, 0)).toEqual([1]);
    for (let number = 2; number <= 10; number += 1) few.note(account, number, commit(number, number));
    expect(await numbersBehind(silent, 0)).toBe("read");
    expect(await numbersBehind(silent, 6)).toBe("read");
    expect(await numbersBehind(silent, 7)).toEqual([8, 9, 10]);
    // One that alone is too large leaves nothing.
    few.note(account, 20, commit(11, 20));
    expect(await numbersBehind(silent, 10)).toBe("read");
    const small = createTails({ octets: 10_000 });
    const other = small.follow(account, undefined);
    for (let number = 1; number <= 10; number += 1)
      small.note(account, number, commit(number, number, { metadata: "x".repeat(1_000) }));
    expect(await numbersBehind(other, 7)).toBe("read");
    expect(await numbersBehind(other, 8)).toEqual([9, 10]);
  });

  it("P38 drops commits without a wanted report too, also where nobody reads", async () => {
    const tails = createTails({ count: 3 });
    const mask = maskOf(finals);
    const following = tails.follow(account, finals);
    for (let number = 1; number <= 10; number += 1)
      tails.note(account, number, commit(number, number, { mask }));
    expect(await numbersBehind(following, 6)).toBe("read");
    expect(await following.scan(7, 100)).toMatchObject({ reports: [], first: 8, last: 10 });
  });

  it("P38 empties the account whose last commit is longest ago where all together hold too much", async () => {
    const tails = createTails({ allOctets: 5_000 });
    const [mine, others] = [tails.follow(account, undefined), tails.follow(other, undefined)];
    tails.note(account, 2, commit(1, 2));
    tails.note(other, 2, commit(1, 2));
    expect(await numbersBehind(mine, 0)).toEqual([1, 2]);
    tails.note(other, 4, commit(3, 4));
    expect(await numbersBehind(mine, 0)).toBe("read");
    expect(await numbersBehind(others, 0)).toEqual([1, 2, 3, 4]);
    tails.note(account, 3, commit(3, 3));
    expect(await numbersBehind(others, 0)).toBe("read");
    expect(await numbersBehind(mine, 2)).toEqual([3]);
  });

  it("serves nothing that retention may have deleted since", async () => {
    const tails = createTails();
    const following = tails.follow(account, undefined);
    tails.note(account, 1, commit(1, 1));
    clock.advance(6_000);
    tails.note(account, 2, commit(2, 2));
    clock.advance(4_001);
    expect(await numbersBehind(following, 0)).toBe("read");
    expect(await numbersBehind(following, 1)).toEqual([2]);
    clock.advance(6_000);
    expect(await numbersBehind(following, 1)).toBe("read");
  });

  it("serves nothing of the line of a database that another has taken over from", async () => {
    const tails = createTails();
    const following = tails.follow(account, undefined);
    tails.note(account, 9, commit(8, 9));
    line = { id: "two", former: [{ id: line.id, lastOf: () => 7 }] };
    expect(await numbersBehind(following, 7)).toBe("read");
    // Numbers go on where the other one was, which may be less far.
    tails.note(account, 8, commit(8, 8));
    expect(await numbersBehind(following, 7)).toEqual([8]);
  });
});

/**
 * The live tail of reports: of each account that is followed, the reports committed last, in memory until those who read here have read
 * them, so that whoever has read all before them need not read them from the store. Both stores put in what they have committed. A tail is
 * one stretch of numbers without a gap that ends with the last report known; whatever does not continue it empties it, and whoever is not
 * inside it reads the store: who is slow, who is new, and everybody where reports were committed elsewhere.
 */
import type { AccountId } from "../domain/ids.ts";
import type { Clock } from "../observability/clock.ts";
import { maskOf } from "./codes.ts";
import type { FreshReports } from "./fresh-reports.ts";
import { type PackedRow, unpackRow } from "./packed-scan.ts";
import { reportOf } from "./report-row.ts";
import type { FollowedReports, ReportLine, ReportScan, StoredReport } from "./reports.ts";
import type { Store } from "./store.ts";

type States = ReadonlySet<StoredReport["state"]> | undefined;

export interface ReportTails {
  /** Keeps the account's reports in these states at hand for one reader, until it stops. */
  follow(accountId: AccountId, states: States): FollowedReports;
  /** A report of this number is the account's last, as far as is known; `fresh` are those that this process has just committed. */
  note(accountId: AccountId, last: number, fresh?: FreshReports): void;
}

export interface ReportTailsDeps {
  /** Reads what is not at hand. */
  readonly scanStored: Store["scanReports"];
  readonly clock: Pick<Clock, "monotonic">;
  /** Reports of another line may not be there. */
  readonly lineOf: () => ReportLine;
  /** Told which states the writing side is to have at hand from now on; 0 for none. */
  readonly onFollowed: (accountId: AccountId, mask: number) => void;
  readonly bounds?: Partial<TailBounds>;
}

export interface TailBounds {
  /** Reports and commits of one account. */
  readonly count: number;
  /** Of one account. */
  readonly octets: number;
  /** Of all accounts; the account whose last commit is longest ago is emptied first. */
  readonly allOctets: number;
  /** What is older is read from the store, which alone knows what retention has deleted. */
  readonly ageMs: number;
}

const defaultBounds: TailBounds = {
  count: 4_096,
  octets: 4 * 1024 ** 2,
  allOctets: 16 * 1024 ** 2,
  ageMs: 10_000,
};

/** The reports of one commit. */
interface Stretch extends FreshReports {
  readonly last: number;
  readonly octets: number;
  readonly timeMs: number;
  /** Made of the rows when they are first read, once for all readers. */
  readonly reports: (StoredReport | undefined)[];
}

interface Follower {
  readonly mask: number;
  /** Up to where it has read, if it reads inside the tail; those that lag behind it are waited for no more. */
  after: number | undefined;
}

interface Tail {
  readonly accountId: AccountId;
  readonly followers: Set<Follower>;
  /** Of all followers. */
  mask: number;
  /** Without a gap, the newest last; empty or up to `last`. */
  stretches: Stretch[];
  /** Of reports and stretches: one without a report that is wanted takes room too. */
  count: number;
  octets: number;
  last: number;
}

/** Of a report beside its texts, as a row, as an object and as octets. */
const reportOctets = 1_000;
const stretchOctets = 200;

export function createReportTails(deps: ReportTailsDeps): ReportTails {
  const { scanStored, clock, lineOf, onFollowed } = deps;
  const bounds = { ...defaultBounds, ...deps.bounds };
  /** In the order of their last commits. */
  const tails = new Map<AccountId, Tail>();
  let allOctets = 0;
  let line = lineOf();

  function empty(tail: Tail): void {
    allOctets -= tail.octets;
    tail.stretches = [];
    tail.count = 0;
    tail.octets = 0;
  }

  function dropOldest(tail: Tail): void {
    const stretch = tail.stretches.shift();
    if (stretch === undefined) return;
    tail.count -= 1 + stretch.rows.length;
    tail.octets -= stretch.octets;
    allOctets -= stretch.octets;
  }

  function dropAged(tail: Tail): void {
    const sinceMs = clock.monotonic() - bounds.ageMs;
    while ((tail.stretches[0]?.timeMs ?? sinceMs) < sinceMs) dropOldest(tail);
  }

  function keepLine(): void {
    if (lineOf() === line) return;
    line = lineOf();
    for (const tail of tails.values()) {
      empty(tail);
      tail.last = 0;
    }
  }

  function keepBounds(accountId: AccountId, tail: Tail): void {
    while (tail.count > bounds.count || tail.octets > bounds.octets) dropOldest(tail);
    tails.delete(accountId);
    tails.set(accountId, tail);
    for (const other of tails.values()) {
      if (allOctets <= bounds.allOctets) return;
      empty(other);
    }
  }

  /** Nobody asks again for what all that read here have read: kept longer it costs more in garbage collection than reading it would. */
  function dropRead(tail: Tail): void {
    let read = tail.last;
    const first = tail.stretches[0]?.first ?? 0;
    for (const { after } of tail.followers)
      if (after !== undefined && after + 1 >= first && after < read) read = after;
    while ((tail.stretches[0]?.last ?? Number.POSITIVE_INFINITY) <= read) dropOldest(tail);
  }

  function tellFollowed(tail: Tail): void {
    let mask = 0;
    for (const follower of tail.followers) mask |= follower.mask;
    if (mask === tail.mask) return;
    tail.mask = mask;
    onFollowed(tail.accountId, mask);
  }

  function scan(tail: Tail, follower: Follower, after: number, limit: number): ReportScan | undefined {
    keepLine();
    dropAged(tail);
    const oldest = tail.stretches[0];
    const isInside = oldest !== undefined && after + 1 >= oldest.first;
    follower.after = isInside ? after : undefined;
    if (!isInside) return undefined;
    dropRead(tail);
    if (after >= tail.last) return undefined;
    const last = Math.min(after + limit, tail.last);
    const reports: StoredReport[] = [];
    for (const stretch of tail.stretches.slice(placeOf(tail.stretches, after + 1))) {
      if (stretch.first > last) break;
      // It was committed before somebody wanted so many states.
      if ((follower.mask & ~stretch.mask) !== 0) return undefined;
      for (let at = rowAfter(stretch.rows, after); at < stretch.rows.length; at++) {
        const [number, , state] = stretch.rows[at] as PackedRow;
        if (number > last) break;
        if ((follower.mask >> state) & 1) reports.push(reportAt(stretch, at));
      }
    }
    return { reports, first: after + 1, last, isShared: tail.followers.size > 1 };
  }

  return {
    follow(accountId, states) {
      const tail = tails.get(accountId) ?? emptyTail(accountId);
      tails.set(accountId, tail);
      const follower: Follower = { mask: maskOf(states), after: undefined };
      tail.followers.add(follower);
      tellFollowed(tail);
      return {
        async scan(after, limit) {
          const atHand = tail.followers.has(follower) ? scan(tail, follower, after, limit) : undefined;
          return atHand ?? (await scanStored(accountId, { after, limit, states }));
        },
        stop() {
          if (!tail.followers.delete(follower)) return;
          tellFollowed(tail);
          if (tail.followers.size > 0) return;
          empty(tail);
          tails.delete(accountId);
        },
      };
    },

    note(accountId, last, fresh) {
      const tail = tails.get(accountId);
      if (tail === undefined) return;
      keepLine();
      if (last <= tail.last) {
        // News that came late is none; reports that come late would stand behind those that follow on them.
        if (fresh !== undefined) empty(tail);
        return;
      }
      const isNext = fresh?.first === tail.last + 1;
      tail.last = last;
      if (!isNext) empty(tail);
      if (fresh === undefined) return;
      const octets = fresh.rows.reduce((sum, row) => sum + octetsOf(row), stretchOctets);
      tail.stretches.push({ ...fresh, last, octets, timeMs: clock.monotonic(), reports: [] });
      tail.count += 1 + fresh.rows.length;
      tail.octets += octets;
      allOctets += octets;
      dropAged(tail);
      keepBounds(accountId, tail);
    },
  };
}

function emptyTail(accountId: AccountId): Tail {
  return { accountId, followers: new Set(), mask: 0, stretches: [], count: 0, octets: 0, last: 0 };
}

function reportAt({ reports, rows }: Stretch, at: number): StoredReport {
  const known = reports[at];
  if (known !== undefined) return known;
  const report = reportOf(unpackRow(rows[at] as PackedRow));
  reports[at] = report;
  return report;
}

/** Where the stretch that holds this number is; readers are mostly at the end. */
function placeOf(stretches: readonly Stretch[], number: number): number {
  let place = stretches.length - 1;
  while (place > 0 && (stretches[place] as Stretch).first > number) place--;
  return place;
}

/** The place of the first row behind this number, by bisection. */
function rowAfter(rows: FreshReports["rows"], after: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle] as PackedRow)[0] <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}

function octetsOf(row: PackedRow): number {
  const texts = (row[12]?.length ?? 0) + (row[13]?.length ?? 0) + (row[14]?.length ?? 0);
  return reportOctets + 3 * texts;
}

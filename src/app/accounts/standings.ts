/**
 * Accounts in memory, each read when it is first asked for. What changed anywhere is learned from the store's numbered changes and read
 * again when it is asked for next, so that a look costs one short read however many accounts there are.
 */
import { type Account, defaultAccount } from "../../domain/account.ts";
import type { AccountId } from "../../domain/ids.ts";
import type { Clock } from "../../observability/clock.ts";
import type { RuleSources } from "../../policy/rules/rule.ts";
import { noSenderTable, type SenderTable, wantsRegistered } from "../../policy/sender-table.ts";
import type { Store } from "../../store/store.ts";
import { type Standing, type Standings, standingOf } from "../calls/standing.ts";
import { createFollowed, type Looking, trustMs } from "../followed.ts";
import type { SuppressionLists } from "./suppression-lists.ts";

/** How far changes are seen. */
interface Seen {
  /** The store's line at that time: with another one numbers may have been given a second time. */
  readonly line: string;
  readonly last: number;
}

/** Accounts that are kept; the one that was read first goes first, and is read again when it is asked for. */
const maxKept = 10_000;
const changesAtOnce = 500;
const noneApproved: RuleSources["approved"] = new Map();

export interface StandingsDeps {
  /** The operators' table; without one every country takes every sender. */
  readonly senderTable?: SenderTable;
  /** What learns from the same changes; nothing where nobody asks it. */
  readonly suppressions?: Pick<SuppressionLists, "isWhole" | "readOn" | "restart">;
  readonly store: Pick<Store, "readAccount" | "approvedSenders" | "lastChange" | "changesAfter"> & {
    readonly line: Pick<Store["line"], "id">;
    readonly sessions: Pick<Store["sessions"], "replicaId">;
  };
  readonly clock: Pick<Clock, "monotonic">;
}

export interface KeptStandings extends Standings, Looking {
  /** Takes what was just written here. */
  change(account: Pick<Account, "id">): void;
  /** Judges by another table from the next message on. */
  replaceSenderTable(table: SenderTable): void;
}

export function createStandings({ store, suppressions, clock, ...deps }: StandingsDeps): KeptStandings {
  let senderTable = deps.senderTable ?? noSenderTable;
  const kept = new Map<AccountId, Standing>();
  const loading = new Map<AccountId, Promise<Standing>>();
  /** Goes up with whatever may make a read that is under way an old one. */
  let generation = 0;

  function forget(ids: Iterable<string>): void {
    generation += 1;
    for (const id of ids) kept.delete(id as AccountId);
  }

  function forgetAll(): void {
    generation += 1;
    kept.clear();
  }

  /** Undefined before the first look, when nothing is kept. */
  const seen = createFollowed<Seen | undefined>({
    initial: undefined,
    async load(held) {
      const last = await store.lastChange();
      const line = store.line.id;
      // A server that took over without the last commits counts them again, for other changes.
      if (held?.line !== line || last < held.last) {
        forgetAll();
        suppressions?.restart();
        await suppressions?.readOn();
        return { line, last };
      }
      if (suppressions?.isWhole === false) await suppressions.readOn();
      if (last === held.last) return held;
      for (let after = held.last; ; ) {
        const changes = await store.changesAfter(after, changesAtOnce);
        const end = changes.at(-1)?.seq;
        // Acts that change nothing in memory have numbers too.
        if (end === undefined) return { line, last: Math.max(after, last) };
        forget(changes.filter(({ kind }) => kind === "account").map(({ id }) => id));
        if (changes.some(({ kind }) => kind === "suppressions")) await suppressions?.readOn();
        after = end;
      }
    },
    isShared: store.sessions.replicaId !== undefined,
    clock,
  });

  function keep(id: AccountId, standing: Standing): void {
    if (kept.size >= maxKept) for (const oldest of kept.keys()) if (kept.delete(oldest)) break;
    kept.set(id, standing);
  }

  async function approvedOf(id: AccountId): Promise<RuleSources["approved"]> {
    const senders = await store.approvedSenders(id);
    return new Map(
      senders.map(({ sender, regionCodes }) => [
        sender,
        regionCodes.length === 0 ? undefined : new Set(regionCodes),
      ]),
    );
  }

  async function read(id: AccountId): Promise<Standing> {
    if (!seen.isFresh()) {
      await seen.look(trustMs);
      const known = kept.get(id);
      if (known !== undefined) return known;
    }
    for (;;) {
      const before = generation;
      const account = (await store.readAccount(id)) ?? defaultAccount(id);
      const table = senderTable;
      let standing = standingOf(account, { approved: noneApproved, table });
      if (standing.rules?.policy.registeredSendersOnly === true || wantsRegistered(table))
        standing = standingOf(account, { approved: await approvedOf(id), table });
      if (before !== generation) continue;
      keep(id, standing);
      return standing;
    }
  }

  return {
    of(id) {
      if (seen.isFresh()) {
        const known = kept.get(id);
        if (known !== undefined) return known;
      }
      const underWay = loading.get(id);
      if (underWay !== undefined) return underWay;
      const made = read(id).finally(() => loading.delete(id));
      loading.set(id, made);
      return made;
    },
    look: () => seen.look(),
    change({ id }) {
      forget([id]);
    },
    replaceSenderTable(table) {
      senderTable = table;
      forgetAll();
    },
  };
}

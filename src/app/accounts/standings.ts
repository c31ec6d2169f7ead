/**
 * Accounts in memory, each read when it is first asked for, and again when it is asked for after it has changed. Only accounts of callers
 * who are known are asked for: nothing is held of those that nobody has made.
 */
import { type Account, defaultAccount } from "../../domain/account.ts";
import type { AccountId } from "../../domain/ids.ts";
import type { RuleSources } from "../../policy/rules/rule.ts";
import { noSenderTable, type SenderTable, wantsRegistered } from "../../policy/sender-table.ts";
import type { Store } from "../../store/store.ts";
import { type Standing, type Standings, standingOf } from "../calls/standing.ts";
import type { Changes } from "../changes.ts";
import { trustMs } from "../followed.ts";

/** Accounts that are kept; the one that was read first goes first, and is read again when it is asked for. */
const maxKept = 10_000;
const noneApproved: RuleSources["approved"] = new Map();

export interface StandingsDeps {
  /** The operators' table; without one every country takes every sender. */
  readonly senderTable?: SenderTable;
  readonly store: Pick<Store, "readAccount" | "approvedSenders">;
  readonly changes: Changes;
}

export interface KeptStandings extends Standings {
  /** Takes what was just written here. */
  change(account: Pick<Account, "id">): void;
  /** Judges by another table from the next message on. */
  replaceSenderTable(table: SenderTable): void;
}

export function createStandings({ store, changes, ...deps }: StandingsDeps): KeptStandings {
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

  changes.listen({ kind: "account", take: forget, restart: forgetAll });

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
    if (!changes.isFresh()) {
      await changes.look(trustMs);
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
      if (changes.isFresh()) {
        const known = kept.get(id);
        if (known !== undefined) return known;
      }
      const underWay = loading.get(id);
      if (underWay !== undefined) return underWay;
      const made = read(id).finally(() => loading.delete(id));
      loading.set(id, made);
      return made;
    },
    change({ id }) {
      forget([id]);
    },
    replaceSenderTable(table) {
      senderTable = table;
      forgetAll();
    },
  };
}

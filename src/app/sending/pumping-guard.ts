/**
 * Counts what accounts with a guard send to one recipient, prefix and country in an hour of UTC. Each message takes its place before it is
 * stored, and gives it back where it is not, so that calls at the same time do not pass a cap together. Counts above half a cap are written
 * once a second, which is what a restart finds and other replicas learn of. An account without a guard costs nothing.
 */
import type { AccountId } from "../../domain/ids.ts";
import type { E164 } from "../../domain/message.ts";
import type { Clock } from "../../observability/clock.ts";
import type { Logger } from "../../observability/logger.ts";
import {
  capsOf,
  type GuardedKind,
  type GuardFigures,
  guardedKinds,
  guardWindowMs,
  kindOver,
  type PumpingGuard as PumpingGuardPolicy,
} from "../../policy/pumping-guard.ts";
import type { NewDelivery } from "../../store/accepting.ts";
import type { GuardCount } from "../../store/records/guard-counts.ts";
import type { Store } from "../../store/store.ts";
import type { Looking } from "../followed.ts";
import { type Counted, GuardCounts, isTold } from "./guard-counts.ts";

export interface PumpingGuardDeps {
  readonly store: Pick<Store, "putGuardCounts" | "listGuardCounts"> & {
    readonly sessions: Pick<Store["sessions"], "replicaId">;
  };
  readonly clock: Pick<Clock, "now" | "monotonic">;
  readonly log: Logger;
  /** A message went beyond a cap, or would have. */
  readonly onCapped: (kind: GuardedKind, mode: "block" | "monitor") => void;
}

/** The recipients of one request of an account with a guard. */
export interface GuardedRequest {
  /** What went there so far, of this request too. */
  sentTo(number: E164, country: string | undefined): GuardFigures;
  /** Counts one more. */
  take(number: E164, country: string | undefined, sent: GuardFigures): void;
  /** The guard refused a recipient. */
  refuse(sent: GuardFigures): void;
  /** Logs and counts what went beyond a cap: not where a request is answered from before. */
  tell(): void;
  /** These may be stored: they stay counted, the others are not. */
  keep(deliveries: readonly NewDelivery[]): void;
  /** Gives back what was not kept. */
  end(): void;
}

export interface PumpingGuard extends Looking {
  /** `sends`: otherwise nothing takes a place, and nothing is told. */
  begin(
    accountId: AccountId,
    guard: PumpingGuardPolicy,
    options: { readonly sends: boolean },
  ): GuardedRequest | Promise<GuardedRequest>;
}

const everyMs = 1_000;
const atOnce = 500;
/** Of the hour's counts that are read at once, and at most. */
const readAtOnce = 1_000;
const mostRead = 20_000;
const prefixDigits = 7;

/** Where a message goes, by kind. */
const destinationOf = (kind: GuardedKind, number: E164, country: string | undefined): string => {
  if (kind === "recipient") return number;
  return kind === "prefix" ? number.slice(1, 1 + prefixDigits) : (country ?? "");
};

export function createPumpingGuard({ store, clock, log, onCapped }: PumpingGuardDeps): PumpingGuard {
  const replica = store.sessions.replicaId ?? "";
  const isShared = store.sessions.replicaId !== undefined;
  let counts = new GuardCounts(hourNow());
  /** What others should know of and do not yet. */
  let unwritten = new Set<Counted>();
  let loading: Promise<void> | undefined;
  let isLoaded = false;
  let lookedAtMs = Number.NEGATIVE_INFINITY;

  function hourNow(): number {
    return Math.floor(clock.now() / guardWindowMs);
  }

  function turnHour(): void {
    const hour = hourNow();
    if (hour === counts.hour) return;
    counts = new GuardCounts(hour);
    unwritten = new Set();
  }

  /** What others have sent, and at first what this one had before it was started anew. */
  async function read(): Promise<void> {
    const into = counts;
    let after: GuardCount | undefined;
    const others = new Map<Counted, number>();
    for (let count = 0; count < mostRead; count += readAtOnce) {
      const rows = await store.listGuardCounts(into.hour, after, readAtOnce);
      for (const row of rows) {
        const kind = guardedKinds.find((known) => known === row.kind);
        if (kind === undefined) continue;
        const counted = into.entry(row.accountId, kind, row.destination);
        if (row.replica !== replica) others.set(counted, (others.get(counted) ?? 0) + row.count);
        else if (!isLoaded) {
          counted.own += row.count;
          counted.written = row.count;
        }
      }
      after = rows.at(-1);
      if (rows.length < readAtOnce) break;
    }
    for (const [counted, sum] of others) {
      counted.others = sum;
      if (into === counts && isTold(counted)) unwritten.add(counted);
    }
    isLoaded = true;
  }

  function load(): Promise<void> {
    loading ??= read().finally(() => {
      loading = undefined;
    });
    return loading;
  }

  async function write(): Promise<void> {
    const { hour } = counts;
    const waiting = unwritten;
    unwritten = new Set();
    const all = [...waiting];
    try {
      for (let from = 0; from < all.length; from += atOnce) {
        const piece = all.slice(from, from + atOnce);
        const rows = piece.map(({ accountId, kind, destination, own }) => ({
          ...{ accountId, kind, destination, replica },
          count: own,
        }));
        await store.putGuardCounts(hour, replica, rows);
        for (const [index, counted] of piece.entries()) {
          counted.written = rows[index]?.count ?? counted.written;
          waiting.delete(counted);
        }
      }
    } catch (error) {
      if (hour === counts.hour) for (const counted of waiting) unwritten.add(counted);
      throw error;
    }
  }

  function requestOf(accountId: AccountId, guard: PumpingGuardPolicy, sends: boolean): GuardedRequest {
    const caps = capsOf(guard);
    const kinds = guardedKinds.filter((kind) => Number.isFinite(caps[kind]));
    const table = counts;
    const taken = new Map<E164, Counted[]>();

    let capped: GuardedKind[] = [];

    function note(sent: GuardFigures): void {
      const kind = kindOver(sent, caps);
      if (kind !== undefined && sends) capped.push(kind);
    }

    function tell(kind: GuardedKind): void {
      onCapped(kind, guard.blocks ? "block" : "monitor");
      const sentence = guard.blocks
        ? "An account sends more to one destination in an hour than its guard lets pass; the rest is refused."
        : "An account sends more to one destination in an hour than its guard is set to; nothing is refused.";
      log.often.warn({ account: accountId, reason: kind }, sentence);
    }

    const count = (counted: Counted, step: 1 | -1) => {
      counted.own += step;
      // Those of an hour that is over are nobody's business any more.
      if (table !== counts) return;
      counted.cap = caps[counted.kind];
      if (isTold(counted)) unwritten.add(counted);
    };

    return {
      sentTo(number, country) {
        const sentOf = (kind: GuardedKind) => {
          const found = table.find(accountId, kind, destinationOf(kind, number, country));
          return found === undefined ? 0 : found.own + found.others;
        };
        return { recipient: sentOf("recipient"), prefix: sentOf("prefix"), region: sentOf("region") };
      },
      take(number, country, sent) {
        if (!sends) return;
        note(sent);
        const entries = taken.get(number) ?? [];
        for (const kind of kinds) {
          const counted = table.entry(accountId, kind, destinationOf(kind, number, country));
          count(counted, 1);
          entries.push(counted);
        }
        taken.set(number, entries);
      },
      refuse: note,
      tell() {
        for (const kind of capped) tell(kind);
        capped = [];
      },
      keep(deliveries) {
        this.tell();
        for (const { recipient, admission } of deliveries)
          if (admission.kind === "queued") taken.delete(recipient);
      },
      end() {
        for (const entries of taken.values()) for (const counted of entries) count(counted, -1);
        taken.clear();
      },
    };
  }

  return {
    begin(accountId, guard, { sends }) {
      turnHour();
      if (isLoaded) return requestOf(accountId, guard, sends);
      return load().then(() => requestOf(accountId, guard, sends));
    },
    async look() {
      // Nobody has a guard here.
      if (!isLoaded) return;
      const nowMs = clock.monotonic();
      if (nowMs - lookedAtMs < everyMs) return;
      turnHour();
      await write();
      if (isShared && counts.size > 0) await load();
      lookedAtMs = nowMs;
    },
  };
}

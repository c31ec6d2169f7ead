/**
 * What administrators change, as the store numbers it: a look reads the number of the last act and, where that is another one, what has
 * changed since. Whatever stands in memory learns of it here, so that a look costs one short read however much that is.
 */
import type { Clock } from "../observability/clock.ts";
import type { Changed } from "../store/records/audit.ts";
import type { Store } from "../store/store.ts";
import { createFollowed, type Looking } from "./followed.ts";

/** Of one kind of thing. */
export interface ChangeListener {
  readonly kind: Changed["kind"];
  /** There were acts since the last look; these things are another than before. */
  take(ids: readonly string[]): void | Promise<void>;
  /** Anything may be: the store goes on without acts that were seen. */
  restart(): void | Promise<void>;
  /** At each other look. */
  look?(): Promise<void> | undefined;
  /** Replicas of a release that does not note changes of this kind may have made some. */
  readAgain?(): Promise<void>;
}

export interface Changes extends Looking {
  /** Whether other processes write, too. */
  readonly isShared: boolean;
  /** Whether what is held may be gone by without a look. */
  isFresh(): boolean;
  /** Resolves when all have learned of what had changed at this call, or `maxAgeMs` before it. */
  look(maxAgeMs?: number): Promise<void>;
  listen(listener: ChangeListener): void;
}

export interface ChangesDeps {
  readonly store: Pick<Store, "lastChange" | "changesAfter" | "hasOlderReader"> & {
    readonly line: Pick<Store["line"], "id">;
    readonly sessions: Pick<Store["sessions"], "replicaId">;
  };
  readonly clock: Pick<Clock, "monotonic">;
}

/** How far changes are seen. */
interface Seen {
  /** The store's line at that time: with another one numbers may have been given a second time. */
  readonly line: string;
  readonly last: number;
}

/** From this schema on programs note what they change of everything that stands in memory. */
const notesAll = 29;
const changesAtOnce = 500;

export function createChanges({ store, clock }: ChangesDeps): Changes {
  const listeners: ChangeListener[] = [];
  const isShared = store.sessions.replicaId !== undefined;
  let hadOlder = false;

  /** Each at once: one that takes its time keeps no other from what it is told. */
  async function tell(changes: readonly { readonly kind: string; readonly id: string }[]): Promise<void> {
    const idsOf = ({ kind }: ChangeListener) =>
      changes.filter((change) => change.kind === kind).map(({ id }) => id);
    await Promise.all(listeners.map((listener) => listener.take(idsOf(listener))));
  }

  /** One that has ended since the last look may have written before. */
  async function readUnnoted(): Promise<void> {
    if (!isShared) return;
    const hasOlder = await store.hasOlderReader(notesAll);
    if (hasOlder || hadOlder) for (const { readAgain } of listeners) await readAgain?.();
    hadOlder = hasOlder;
  }

  async function readOn(held: Seen | undefined): Promise<Seen> {
    const last = await store.lastChange();
    const line = store.line.id;
    // A server that took over without the last commits counts them again, for other changes.
    if (held?.line !== line || last < held.last) {
      await Promise.all(listeners.map((listener) => listener.restart()));
      return { line, last };
    }
    await Promise.all(listeners.map((listener) => listener.look?.()));
    if (last === held.last) return held;
    for (let after = held.last; ; ) {
      const changes = await store.changesAfter(after, changesAtOnce);
      await tell(changes);
      const end = changes.at(-1)?.seq;
      // Acts that change nothing in memory have numbers too.
      if (end === undefined) return { line, last: Math.max(after, last) };
      after = end;
    }
  }

  /** Undefined before the first look, when nothing is held. */
  const seen = createFollowed<Seen | undefined>({
    initial: undefined,
    async load(held) {
      const now = await readOn(held);
      await readUnnoted();
      return now;
    },
    isShared,
    clock,
  });

  return {
    isShared,
    isFresh: () => seen.isFresh(),
    look: (maxAgeMs) => seen.look(maxAgeMs),
    listen: (listener) => void listeners.push(listener),
  };
}

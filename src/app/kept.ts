/**
 * Rows in memory by their id, each read when it is first asked for and forgotten when it has changed, so that memory and looks at the
 * store are bounded however many rows there are. That there is none is held, too, until the next act of an administrator.
 */
import type { Clock } from "../observability/clock.ts";
import { createFreshReads } from "./calls/fresh-reads.ts";
import type { ChangeListener, Changes } from "./changes.ts";
import { trustMs } from "./followed.ts";

export interface Kept<Value> {
  /** At once; undefined where it is not held, or the last look is too old to be gone by. */
  held(id: string): Value | undefined;
  /** As of a look at this call or a moment before; undefined where there is none. Rejects where the store cannot be asked. */
  find(id: string): Value | undefined | Promise<Value | undefined>;
  /** As it was held last, for the log. */
  lastHeld(id: string): Value | undefined;
  /** Takes what was just written here: it is held anew when this resolves, or, where it could not be read, not held. */
  renew(id: string): Promise<Value | undefined>;
}

export interface KeptDeps<Value> {
  readonly kind: ChangeListener["kind"];
  readonly changes: Changes;
  /** What there is of these. */
  readonly load: (ids: readonly string[]) => Promise<readonly (readonly [id: string, value: Value])[]>;
  readonly clock: Pick<Clock, "monotonic" | "setTimeout">;
}

/** Of those that are there, and again of those that are not; the one that was read first goes first. */
const maxKept = 10_000;
const atOnce = 500;

export function createKept<Value>({ kind, changes, load, clock }: KeptDeps<Value>): Kept<Value> {
  const held = new Map<string, Value>();
  const absent = new Map<string, true>();
  /** Goes up with whatever may make a read that is under way an old one. */
  let generation = 0;

  function forget(ids: Iterable<string>): void {
    generation += 1;
    absent.clear();
    for (const id of ids) held.delete(id);
  }

  function keep<Item>(items: Map<string, Item>, id: string, item: Item): void {
    if (items.size >= maxKept && !items.has(id))
      for (const oldest of items.keys()) if (items.delete(oldest)) break;
    items.set(id, item);
  }

  async function read(ids: readonly string[]): Promise<ReadonlyMap<string, Value>> {
    for (;;) {
      const before = generation;
      const found = new Map(await load(ids));
      if (before !== generation) continue;
      for (const id of ids) {
        const value = found.get(id);
        if (value === undefined) keep(absent, id, true);
        else keep(held, id, value);
      }
      return found;
    }
  }

  async function readNew(asked: ReadonlySet<string>): Promise<ReadonlyMap<string, Value>> {
    if (changes.isShared || !changes.isFresh()) await changes.look();
    const found = new Map<string, Value>();
    const unknown: string[] = [];
    for (const id of asked) {
      const value = held.get(id);
      if (value !== undefined) found.set(id, value);
      else if (!absent.has(id)) unknown.push(id);
    }
    for (let from = 0; from < unknown.length; from += atOnce)
      for (const [id, value] of await read(unknown.slice(from, from + atOnce))) found.set(id, value);
    return found;
  }

  const freshRead = createFreshReads({ read: readNew, clock });

  /** Leaves alone what was read or forgotten meanwhile: that is newer. */
  async function readAgain(): Promise<void> {
    forget([]);
    const before = [...held];
    for (let from = 0; from < before.length; from += atOnce) {
      const piece = before.slice(from, from + atOnce);
      const found = new Map(await load(piece.map(([id]) => id)));
      for (const [id, was] of piece) {
        const value = found.get(id);
        if (held.get(id) !== was) continue;
        if (value === undefined) held.delete(id);
        else held.set(id, value);
      }
    }
  }

  changes.listen({
    kind,
    take: forget,
    restart() {
      forget([]);
      held.clear();
    },
    readAgain,
  });

  const findNew = async (id: string) => (await freshRead(id)).get(id);

  return {
    held: (id) => (changes.isFresh() ? held.get(id) : undefined),
    find(id) {
      const value = held.get(id);
      if (value === undefined) return !changes.isShared && absent.has(id) ? undefined : findNew(id);
      if (changes.isFresh()) return value;
      return changes.look(trustMs).then(() => held.get(id) ?? findNew(id));
    },
    lastHeld: (id) => held.get(id),
    async renew(id) {
      forget([id]);
      try {
        // What was written is among what has changed: looked at later, it would be forgotten once more.
        await changes.look();
        return (await read([id])).get(id);
      } catch {
        return undefined;
      }
    },
  };
}

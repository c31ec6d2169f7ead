/**
 * Suppressed numbers as every send asks for them: a filter in memory says of nearly all numbers that they are on no list, and for the few
 * others the store is asked. While the filter is still being read the store is asked for all. It holds what was ever on a list since it was
 * read; what was removed costs a look at the store.
 */
import type { AccountId } from "../../domain/ids.ts";
import type { E164 } from "../../domain/message.ts";
import { everybodysList } from "../../domain/suppression.ts";
import { PairFilter, seedOf } from "../../memory/pair-filter.ts";
import type { SuppressionPlace } from "../../store/records/suppressions.ts";
import type { Store } from "../../store/store.ts";
import type { Suppressions } from "../calls/suppressions.ts";
import type { Changes } from "../changes.ts";

export interface SuppressionLists extends Suppressions {
  /** Takes what was just written here. */
  add(accountId: AccountId, recipients: Iterable<E164>): void;
  /** Whether all that was written before the last reading is held; until then the store is asked. */
  readonly isWhole: boolean;
  /** Reads what was written since; resolves when it is held, or at once while not all is. */
  readOn(): Promise<void>;
  /** Reads all anew: what is held may be of another line of the store. */
  restart(): void;
}

export interface SuppressionListsDeps {
  readonly store: Pick<Store, "findSuppressions" | "suppressionsAfter">;
}

const readAtOnce = 1_000;

/** The state of one reading; a restart begins another. */
interface Held {
  readonly filter: PairFilter;
  /** Accounts that have a list, with what their pairs are put in under. */
  readonly seeds: Map<AccountId, number>;
  place: SuppressionPlace | undefined;
  /** Whether all that was written before the last look is in it. */
  isWhole: boolean;
  reading: Promise<void> | undefined;
  /** Something was written since the reading began. */
  isBehind: boolean;
}

const nothingHeld = (): Held => ({
  filter: new PairFilter(),
  seeds: new Map(),
  place: undefined,
  isWhole: false,
  reading: undefined,
  isBehind: false,
});

export function createSuppressionLists({ store }: SuppressionListsDeps): SuppressionLists {
  let held = nothingHeld();

  async function readAll(into: Held): Promise<void> {
    do {
      into.isBehind = false;
      for (let isEnd = false; !isEnd && into === held; ) {
        const places = await store.suppressionsAfter(into.place, readAtOnce);
        for (const { accountId, recipient } of places) put(into, accountId, recipient);
        into.place = places.at(-1) ?? into.place;
        isEnd = places.length < readAtOnce;
      }
    } while (into.isBehind && into === held);
    into.isWhole = true;
  }

  function read(): Promise<void> {
    const into = held;
    into.reading = readAll(into).finally(() => {
      into.reading = undefined;
    });
    return into.reading;
  }

  async function ask(accountId: AccountId, recipients: readonly E164[], nowMs: number) {
    const found = await store.findSuppressions(accountId, recipients, nowMs);
    return found.length === 0 ? undefined : Map.groupBy(found, ({ recipient }) => recipient);
  }

  return {
    find(accountId, recipients, nowMs) {
      const { filter, seeds, isWhole } = held;
      if (!isWhole) return ask(accountId, distinct(recipients), nowMs);
      const own = seeds.get(accountId);
      const everybodys = seeds.get(everybodysList);
      if (own === undefined && everybodys === undefined) return undefined;
      let hits: E164[] | undefined;
      for (const recipient of recipients) {
        if (recipient === undefined) continue;
        const number = Number(recipient);
        const isHit =
          (own !== undefined && filter.mayHave(own, number)) ||
          (everybodys !== undefined && filter.mayHave(everybodys, number));
        if (!isHit) continue;
        hits ??= [];
        hits.push(recipient);
      }
      return hits && ask(accountId, distinct(hits), nowMs);
    },
    add(accountId, recipients) {
      for (const recipient of recipients) put(held, accountId, recipient);
    },
    get isWhole() {
      return held.isWhole;
    },
    async readOn() {
      const { reading, isWhole } = held;
      if (reading !== undefined) held.isBehind = true;
      const done = reading ?? read();
      if (isWhole) return done;
      // The next look tries again.
      done.catch(() => undefined);
    },
    restart() {
      held = nothingHeld();
    },
  };
}

/** Reads on with what anybody has written. */
export function followSuppressions(
  lists: Pick<SuppressionLists, "isWhole" | "readOn" | "restart">,
  changes: Pick<Changes, "listen">,
): void {
  changes.listen({
    kind: "suppressions",
    take: (ids) => (ids.length === 0 ? undefined : lists.readOn()),
    restart() {
      lists.restart();
      return lists.readOn();
    },
    look: () => (lists.isWhole ? undefined : lists.readOn()),
  });
}

function put({ filter, seeds }: Held, accountId: AccountId, recipient: E164): void {
  let seed = seeds.get(accountId);
  if (seed === undefined) {
    seed = seedOf(accountId);
    seeds.set(accountId, seed);
  }
  filter.add(seed, Number(recipient));
}

function distinct(recipients: readonly (E164 | undefined)[]): readonly E164[] {
  const numbers = new Set(recipients);
  numbers.delete(undefined);
  return [...numbers] as readonly E164[];
}

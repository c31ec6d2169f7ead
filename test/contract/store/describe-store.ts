/** Runs one suite on every adapter of the store's port: a fresh store for each test, which can also be closed and opened again. */
import { afterEach, beforeEach, describe } from "vitest";
import type { ClaimantId } from "../../../src/domain/ids.ts";
import type { Recovery } from "../../../src/store/accepting.ts";
import type { Store } from "../../../src/store/store.ts";
import { createFakeClock, type FakeClock } from "../../support/fake-clock.ts";
import { startMs } from "../../support/store-builders.ts";
import { postgresAdapter } from "./postgres-adapter.ts";
import { sqliteAdapter } from "./sqlite-adapter.ts";

/** A place for one store, empty at first. */
export interface StorePlace {
  open(clock: FakeClock): Promise<Store>;
  /** Writes a row past the store, as another release would have. */
  plant(table: string, row: Readonly<Record<string, string | number>>): Promise<void>;
  /** Removes the place once its store is closed. */
  remove(): Promise<void>;
}

export interface StoreAdapter {
  readonly name: string;
  /** Why its tests cannot run here; absent where they can. */
  readonly missing?: string;
  /** Whether several processes may have one store open. */
  readonly isShared: boolean;
  makePlace(): Promise<StorePlace>;
}

const adapters: readonly StoreAdapter[] = [sqliteAdapter, postgresAdapter];

export interface StoreTest {
  readonly store: Store;
  readonly claimant: ClaimantId;
  readonly clock: FakeClock;
  readonly plant: StorePlace["plant"];
  /** The store as another replica has it open; the same one where only one process may. */
  openElsewhere(): Promise<Store>;
  /** Closes the store and opens and joins it again, as a new process would. */
  restart(nowMs?: number): Promise<Recovery>;
}

export function describeStore(topic: string, body: (test: StoreTest) => void): void {
  for (const adapter of adapters) {
    const why = adapter.missing === undefined ? "" : ` (skipped: ${adapter.missing})`;
    describe.skipIf(adapter.missing !== undefined)(`${adapter.name} store: ${topic}${why}`, () => {
      describeAdapter(adapter, body);
    });
  }
}

function describeAdapter(adapter: StoreAdapter, body: (test: StoreTest) => void): void {
  let place: StorePlace | undefined;
  let opened: Store | undefined;
  const elsewhere: Store[] = [];
  let joined: ClaimantId | undefined;
  const clock = createFakeClock(startMs);

  async function openAndJoin(nowMs: number): Promise<Recovery> {
    opened = await place?.open(clock);
    if (opened === undefined) throw new Error("the test has no place for its store");
    const { claimant, recovery } = await opened.join(nowMs);
    joined = claimant;
    return recovery;
  }

  beforeEach(async () => {
    place = await adapter.makePlace();
    await openAndJoin(startMs);
  });

  afterEach(async () => {
    for (const store of elsewhere.splice(0)) await store.close();
    await opened?.close();
    await place?.remove();
    opened = undefined;
    place = undefined;
  });

  body({
    get store() {
      if (opened === undefined) throw new Error("the store is open during a test only");
      return opened;
    },
    get claimant() {
      if (joined === undefined) throw new Error("the store is open during a test only");
      return joined;
    },
    clock,
    async plant(table, row) {
      await place?.plant(table, row);
    },
    async openElsewhere() {
      if (place === undefined || !adapter.isShared) return this.store;
      const store = await place.open(clock);
      elsewhere.push(store);
      await store.join(startMs);
      return store;
    },
    async restart(nowMs = startMs) {
      await opened?.close();
      return await openAndJoin(nowMs);
    },
  });
}

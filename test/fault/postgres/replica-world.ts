/** Several replicas on one database for a test: opened, joined and closed together. */
import { afterEach, beforeEach, expect } from "vitest";
import type { ClaimantId } from "../../../src/domain/ids.ts";
import type { Clock } from "../../../src/observability/clock.ts";
import { silentLogger } from "../../../src/observability/logger.ts";
import { openPostgresStore, type PostgresStoreOptions } from "../../../src/store/postgres/open.ts";
import type { Store } from "../../../src/store/store.ts";
import { createFakeClock, type FakeClock } from "../../support/fake-clock.ts";
import { createDatabase, type TestDatabase } from "../../support/postgres-database.ts";
import { startMs } from "../../support/store-builders.ts";

export interface Replica {
  readonly store: Store;
  readonly claimant: ClaimantId;
  readonly clock: FakeClock;
}

export interface ReplicaWorld {
  readonly database: TestDatabase;
  /** Opens a store without joining; it is closed after the test. */
  open(options?: Partial<PostgresStoreOptions> & { readonly clock?: Clock }): Promise<Store>;
  /** Opens and joins one with a clock of its own. */
  join(name: string, options?: Partial<PostgresStoreOptions>): Promise<Replica>;
  /** Lets the lease of a replica end now, as the database sees it; all others have renewed theirs for a while. */
  endLease(name: string): Promise<void>;
  /** Waits until so many of this database's connections wait for a lock; others' tests have theirs on the same server. */
  untilWaiting(count: number): Promise<void>;
  /** Lets those whose lease runs have renewed it for a while, so that they may judge others. */
  keepLeases(): Promise<void>;
}

/** Nothing renews a lease while the clocks of the replicas stand still, so it outlives a test on any machine: it ends where the test says. */
const leaseMs = 600_000;

/** A new database for each test of the file. */
export function useReplicas(): ReplicaWorld {
  let database: TestDatabase | undefined;
  let stores: Store[] = [];
  const current = () => {
    if (database === undefined) throw new Error("the database is there during a test only");
    return database;
  };

  beforeEach(async () => {
    database = await createDatabase();
  });
  afterEach(async () => {
    await Promise.all(stores.map((store) => store.close()));
    stores = [];
    await database?.drop();
    database = undefined;
  });

  const open: ReplicaWorld["open"] = async (options = {}) => {
    const store = await openPostgresStore({
      urls: [current().url],
      clock: createFakeClock(startMs),
      log: silentLogger,
      leaseMs,
      ...options,
    });
    stores.push(store);
    return store;
  };
  const keepLeases = async () => {
    await current().query(
      `UPDATE replicas SET held_since = now() - interval '1 hour', lease_until = now() + $1 * interval '1 millisecond'
       WHERE lease_until > now()`,
      [leaseMs],
    );
  };
  return {
    get database() {
      return current();
    },
    open,
    async join(name, options = {}) {
      const clock = createFakeClock(startMs);
      const store = await open({ clock, replicaName: name, ...options });
      const { claimant } = await store.join(startMs);
      return { store, claimant, clock };
    },
    async endLease(name) {
      await current().query("UPDATE replicas SET lease_until = now() - interval '1 second' WHERE id = $1", [
        name,
      ]);
      await keepLeases();
    },
    keepLeases,
    async untilWaiting(count) {
      const waiters = `SELECT DISTINCT pid FROM pg_locks JOIN pg_stat_activity USING (pid)
        WHERE NOT granted AND datname = current_database()`;
      await expect.poll(() => current().query(waiters)).toHaveLength(count);
    },
  };
}

/** Lets the time of a replica go on until others were told: while it tells something, what follows waits for the next turn. */
export async function passUntilTold({ clock }: Replica, told: Promise<unknown>): Promise<void> {
  let isTold = false;
  void told.then(() => {
    isTold = true;
  });
  const look = () => {
    clock.advance(20);
    return isTold;
  };
  await expect.poll(look).toBe(true);
}

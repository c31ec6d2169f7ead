/** Several replicas on one database for a test: opened, joined and closed together. */
import { afterEach, beforeEach } from "vitest";
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
  /** Lets those whose lease runs have renewed it for a while, so that they may judge others. */
  keepLeases(): Promise<void>;
}

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
      ...options,
    });
    stores.push(store);
    return store;
  };
  const keepLeases = async () => {
    await current().query(
      `UPDATE replicas SET held_since = now() - interval '1 minute', lease_until = now() + interval '5 seconds'
       WHERE lease_until > now()`,
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
  };
}

/** Opens the store that the configuration names: one SQLite file, or a PostgreSQL database that replicas share. */
import type { Config } from "../config/schema.ts";
import type { Clock } from "../observability/clock.ts";
import type { Logger } from "../observability/logger.ts";
import { openPostgresStore } from "../store/postgres/open.ts";
import { openSqliteStore } from "../store/sqlite/open.ts";
import type { Store } from "../store/store.ts";

export interface OpenStoreDeps {
  readonly clock: Clock;
  readonly log: Logger;
}

/** Rejects with StoreUnavailableError where the store cannot be used. */
export function openStore({ store }: Pick<Config, "store">, { clock, log }: OpenStoreDeps): Promise<Store> {
  const { url, replica, path } = store;
  if (url === undefined) return openSqliteStore({ path, clock, log });
  return openPostgresStore({
    urls: url,
    clock,
    log,
    ...(replica === undefined ? {} : { replicaName: replica }),
  });
}

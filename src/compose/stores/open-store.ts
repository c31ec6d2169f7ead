/** Opens the store that the configuration names: one SQLite file, or a PostgreSQL database that replicas share. */
import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { codeOf } from "../../config/code-of.ts";
import type { Config } from "../../config/schema.ts";
import type { DataClock } from "../../observability/data-clock.ts";
import type { Logger } from "../../observability/logger.ts";
import type { Store } from "../../store/store.ts";
import { StoreUnavailableError } from "../../store/store-unavailable-error.ts";

export interface OpenStoreDeps {
  readonly clock: DataClock;
  readonly log: Logger;
  /** Starts on a file that was copied into a database, too. */
  readonly startsCopied?: boolean | undefined;
}

/** Rejects with StoreUnavailableError where the store cannot be used. Only the adapter that is used is loaded. */
export async function openStore(
  { store }: Pick<Config, "store">,
  { clock, log, startsCopied = false }: OpenStoreDeps,
): Promise<Store> {
  const { url, replica, path, minFreeDisk } = store;
  if (url === undefined) {
    const { openSqliteStore } = await import("../../store/sqlite/open.ts");
    return openSqliteStore({ path, clock, log, startsCopied, keepFreeOctets: minFreeDisk });
  }
  const { openPostgresStore } = await import("../../store/postgres/open.ts");
  return openPostgresStore({
    urls: url,
    clock,
    onDatabaseTime: (reading) => clock.adopt(reading),
    log,
    ...(replica === undefined ? {} : { replicaName: replica }),
  });
}

/** For its owner alone; harmless where it exists. */
export async function makeStoreFolder(path: string): Promise<void> {
  const folder = dirname(path);
  try {
    await makeFolder(folder);
  } catch (error) {
    throw new StoreUnavailableError(
      "NO_FOLDER",
      `The folder ${folder} cannot be made (${codeOf(error)}). Set store.path to a file in a folder that this user may write in, or start in such a folder.`,
      error,
    );
  }
}

/** One after the other: Node's recursive form never comes back where a file system takes no folders, such as /proc. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    const code = codeOf(error);
    if (code === "EEXIST" && (await stat(folder)).isDirectory()) return;
    const parent = dirname(folder);
    if (code !== "ENOENT" || parent === folder) throw error;
    await makeFolder(parent);
    await mkdir(folder, { mode: 0o700 });
  }
}

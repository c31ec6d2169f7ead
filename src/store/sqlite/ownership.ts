/**
 * Whether the file is still this process's. Each opening counts the file's epoch up, which each batch reads in its own transaction (0.6 µs
 * of a batch): where another process has opened the file since, nothing more is written or answered. The names on the disk show what the
 * epoch cannot, since SQLite goes on with the files that it holds open: each must lead to the file that was opened.
 */
import { type BigIntStats, statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { StoreUnavailableError } from "../store-unavailable-error.ts";
import { createLogBegin } from "./log-begin.ts";
import { lockPathOf } from "./service-lock.ts";
import { prepare } from "./statement.ts";

export interface Ownership {
  /** Counts the epoch up; to be handed to `check` until a transaction changes it. */
  begin(): number;
  /** Throws TAKEN unless the epoch is still `epoch`; within a transaction. */
  check(epoch: number): void;
  /** What has happened to the file, which `check` reports too from then on; undefined while all is in place. */
  look(epoch: number): StoreUnavailableError | undefined;
}

/** Of a file that a service has just opened and written to. */
export function createOwnership(db: DatabaseSync, path: string): Ownership {
  const countUp = prepare<{ value: number }>(
    db,
    "UPDATE meta SET value = value + 1 WHERE key = 'epoch' RETURNING value",
  );
  const readEpoch = prepare<{ value: number }>(db, "SELECT value FROM meta WHERE key = 'epoch'");
  const logBegin = createLogBegin(db, path);
  const names = [path, `${path}-wal`, `${path}-shm`, lockPathOf(path)];
  let opened: readonly (string | undefined)[] = [];
  const openedElsewhere = `${path} was opened by another process, which goes on with it`;
  let loss: StoreUnavailableError | undefined;
  return {
    begin() {
      const epoch = countUp.get()?.value ?? 0;
      logBegin.begin(epoch);
      opened = names.map(identityOf);
      return epoch;
    },
    check(epoch) {
      if (loss === undefined && readEpoch.get()?.value !== epoch) loss = taken(openedElsewhere);
      if (loss !== undefined) throw loss;
    },
    look(epoch) {
      try {
        const index = names.findIndex((name, position) => identityOf(name) !== opened[position]);
        const name = names[index];
        if (name !== undefined) {
          const what = identityOf(name) === undefined ? "removed" : "replaced by another file";
          loss ??= taken(`${name} was ${what} while the service had it open`);
        } else if (readEpoch.get()?.value !== epoch) loss ??= taken(openedElsewhere);
        if (loss === undefined) logBegin.keepMarked(epoch);
      } catch {
        // A disk that does not answer says nothing of whose the file is; batches tell what is wrong with it.
      }
      return loss;
    },
  };
}

function taken(what: string): StoreUnavailableError {
  return new StoreUnavailableError("TAKEN", `${what}.`);
}

/** Undefined where the name leads nowhere. */
function identityOf(name: string): string | undefined {
  const stats: BigIntStats | undefined = statSync(name, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? undefined : `${stats.dev}.${stats.ino}`;
}

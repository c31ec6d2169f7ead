/**
 * Where the log of a file begins: at which epoch of the file itself. Each start empties the log once its epoch is counted up, and writes
 * that epoch into the log: a file that is older was put in place beside it. What is copied while the service runs has the same epoch. A log
 * starts over once a checkpoint has moved all of it into the file; what it held is gone, so the mark is written again.
 */
import { closeSync, openSync, readSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { prepare } from "./statement.ts";

/** In `meta`: the epoch that the file itself has reached since the log was emptied last. */
export const beginsAtKey = "log_begins_at";

/** SQLite's file format §4.1: two salts, which change whenever the log starts over. */
const saltsAt = 16;
const saltsOctets = 8;

export interface LogBegin {
  /** To be called at a start, after the epoch was counted up and before anybody else has the file. */
  begin(epoch: number): void;
  /** Marks the log again where it has started over since; to be called now and then, outside of a transaction. */
  keepMarked(epoch: number): void;
}

export function createLogBegin(db: DatabaseSync, path: string): LogBegin {
  const mark = prepare(db, "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)");
  const log = `${path}-wal`;
  let markedSalts: string | undefined;
  /** A log that starts over after a look follows a checkpoint of all that was committed at that look. */
  let epochAtLastLook = 0;
  return {
    begin(epoch) {
      // Where it cannot be emptied now, the mark of before stays, which is as true as it was.
      if (isEmptied(db)) mark.run(beginsAtKey, epoch);
      markedSalts = readSalts(log);
      epochAtLastLook = epoch;
    },
    keepMarked(epoch) {
      const salts = readSalts(log);
      if (salts !== undefined && salts !== markedSalts) {
        mark.run(beginsAtKey, epochAtLastLook);
        // Writing may have begun the log once more.
        markedSalts = readSalts(log);
      }
      epochAtLastLook = epoch;
    },
  };
}

/** Undefined while the log is empty: nothing of it can be replayed. Closing it frees no lock, since SQLite's stand on other files. */
function readSalts(log: string): string | undefined {
  const descriptor = openSync(log, "r");
  try {
    const salts = Buffer.alloc(saltsOctets);
    return readSync(descriptor, salts, 0, saltsOctets, saltsAt) < saltsOctets
      ? undefined
      : salts.toString("hex");
  } finally {
    closeSync(descriptor);
  }
}

function isEmptied(db: DatabaseSync): boolean {
  try {
    return db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get()?.["busy"] === 0;
  } catch {
    // A full disk or the like keeps no service from starting; what it means for writing is told by the first batch.
    return false;
  }
}

/**
 * Where the log of a file begins: at which epoch of the file itself. Each start empties the log once its epoch is counted up, and writes
 * that epoch into the log: a file that is older was put in place beside it. What is copied while the service runs has the same epoch.
 */
import type { DatabaseSync } from "node:sqlite";

/** In `meta`: the epoch that the file itself has reached since the log was emptied last. */
export const beginsAtKey = "log_begins_at";

/** To be called at a start, after the epoch was counted up and before anybody else has the file. */
export function beginLog(db: DatabaseSync): void {
  // Where it cannot be emptied now, the mark of before stays, which is as true as it was.
  if (!isEmptied(db)) return;
  db.prepare("INSERT OR REPLACE INTO meta (key, value) SELECT ?, value FROM meta WHERE key = 'epoch'").run(
    beginsAtKey,
  );
}

function isEmptied(db: DatabaseSync): boolean {
  try {
    return db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get()?.["busy"] === 0;
  } catch {
    // A full disk or the like keeps no service from starting; what it means for writing is told by the first batch.
    return false;
  }
}

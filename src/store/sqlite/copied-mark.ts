/**
 * The mark that a file was copied into a database, for good: its messages are sent from there, and a service that starts on the file would
 * send them again. It is made before the database's last commit, whose answer may be lost; then only the database knows.
 */
import type { DatabaseSync } from "node:sqlite";
import { StoreUnavailableError } from "../store-unavailable-error.ts";
import { markAsCopy } from "./report-line.ts";

export interface CopiedMark {
  /** The database. */
  readonly into: string;
  /** False where it is not known whether its last commit was made. */
  readonly isCertain: boolean;
}

const doubtfulKey = "copying_into";
const certainKey = "copied_into";

/** Undefined where the file was never copied, or is not a store yet. */
export function readCopiedMark(db: DatabaseSync): CopiedMark | undefined {
  const find = db.prepare("SELECT value FROM meta WHERE key = ?");
  const [certain, doubtful] = [certainKey, doubtfulKey].map((key) => find.get(key)?.["value"]);
  const into = doubtful ?? certain;
  return into === undefined ? undefined : { into: String(into), isCertain: doubtful === undefined };
}

/** Before the database's last commit. */
export function markAsCopying(db: DatabaseSync, into: string): void {
  db.prepare("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)").run(doubtfulKey, into);
}

/** Where the database certainly did not commit. */
export function unmarkAsCopying(db: DatabaseSync): void {
  db.prepare("DELETE FROM meta WHERE key = ?").run(doubtfulKey);
}

/** After it; the next start on the file begins a new line of reports. */
export function markAsCopied(db: DatabaseSync, into: string): void {
  db.exec("BEGIN IMMEDIATE");
  try {
    markAsCopy(db);
    unmarkAsCopying(db);
    db.prepare("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)").run(certainKey, into);
    db.exec("COMMIT");
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

/** Refuses a service on a file that was, or may have been, copied; `isWanted` where an operator says that it is wanted here again. */
export function refuseCopied(db: DatabaseSync, path: string, isWanted: boolean): void {
  const mark = readCopiedMark(db);
  if (mark === undefined) return;
  if (isWanted) {
    if (!mark.isCertain) markAsCopied(db, mark.into);
    return;
  }
  const { into, isCertain } = mark;
  throw new StoreUnavailableError(
    "COPIED",
    isCertain
      ? `${path} was copied into ${into}, and its messages are sent from there: started here, what waited would be sent twice. Start the service on that database. Where it was given up, and nothing runs on it, \`serve --start-copied-store\` starts on the file.`
      : `${path} may have been copied into ${into}: the last answer of the database was lost. Run the same \`sms-relay copy\` again, which asks the database. Where it was given up, and nothing runs on it, \`serve --start-copied-store\` starts on the file.`,
  );
}

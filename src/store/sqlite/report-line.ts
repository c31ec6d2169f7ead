/**
 * Which line of report numbers a file goes on with. A backup is marked as a copy. When it is first opened as a store, it begins a new line,
 * since the store that it was copied from may have given the numbers that follow to other reports.
 */
import type { DatabaseSync } from "node:sqlite";

/** As it crosses from the worker. */
export interface StoredLine {
  readonly id: string;
  /** Oldest first; `lasts` are the accounts' last numbers at the copy. */
  readonly former: readonly { readonly id: string; readonly lasts: ReadonlyMap<string, number> }[];
  /** Deliveries that waited or were claimed when a copy began this line just now; undefined where none did. */
  readonly restoredWaiting: number | undefined;
}

/** Marks a copy; its next start as a store begins a new line. */
export function markAsCopy(db: DatabaseSync): void {
  db.exec("INSERT OR REPLACE INTO meta (key, value) VALUES ('is_copy', 1)");
}

/** The line in use, after beginning a new one where the file is a marked copy. The first line of a store has the store's id. */
export function openLine(db: DatabaseSync, storeId: string, newId: () => string): StoredLine {
  const find = db.prepare("SELECT value FROM meta WHERE key = ?");
  const lineInUse = () => String(find.get("line_id")?.["value"] ?? storeId);
  const isCopy = find.get("is_copy") !== undefined;
  if (isCopy) {
    beginLine(db, lineInUse(), newId());
    // Now in the file itself: it is no copy any more, whose log would be another's (check-file.ts).
    db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  }
  const rows = db.prepare("SELECT id, lasts FROM former_lines ORDER BY seq").all();
  return {
    id: lineInUse(),
    restoredWaiting: isCopy ? countWaiting(db) : undefined,
    former: rows.map(({ id, lasts }) => ({
      id: String(id),
      lasts: new Map(Object.entries(JSON.parse(String(lasts)) as Record<string, number>)),
    })),
  };
}

/** Both by their own index. */
function countWaiting(db: DatabaseSync): number {
  const waiting = "SELECT count(*) FROM deliveries WHERE is_waiting = 1";
  const claimed = "SELECT count(*) FROM deliveries WHERE claimed_by IS NOT NULL";
  return Number(db.prepare(`SELECT (${waiting}) + (${claimed}) AS count`).get()?.["count"]);
}

function beginLine(db: DatabaseSync, formerId: string, id: string): void {
  db.exec("BEGIN IMMEDIATE");
  try {
    db.prepare(
      `INSERT INTO former_lines (id, lasts)
       SELECT ?, json_group_object(account_id, last) FROM report_counters`,
    ).run(formerId);
    db.prepare("INSERT OR REPLACE INTO meta (key, value) VALUES ('line_id', ?)").run(id);
    db.exec("DELETE FROM meta WHERE key = 'is_copy'");
    db.exec("COMMIT");
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

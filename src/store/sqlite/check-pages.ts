/** Looks through a file before it is used as a store, as far as that takes no noticeable time. */
import { statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { damagedFile } from "./check-file.ts";

/** SQLite checks 100 to 200 MiB a second on one slow core, so that this much delays a start by half a second at most. */
const maxCheckedOctets = 64 * 1024 * 1024;

/** Refuses with CORRUPT where a page is damaged; files above 64 MiB are not looked through (docs/store.md has the command). */
export function checkPages(db: DatabaseSync, path: string): void {
  const octets = [path, `${path}-wal`].reduce(
    (sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
  if (octets > maxCheckedOctets) return;
  const verdict = db.prepare("PRAGMA quick_check(1)").get()?.["quick_check"];
  if (verdict !== "ok") throw damagedFile(path, String(verdict));
}

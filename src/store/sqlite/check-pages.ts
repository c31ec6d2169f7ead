/** Looks through a file before it is used as a store, as far as that takes no noticeable time. */
import { statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { damagedFile } from "./check-file.ts";

/** Measured: 3 ms of processor time a MiB, and 9 ms until it is done on two busy cores; so much costs 0.2 to 0.6 s. */
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

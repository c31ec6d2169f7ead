/** The store's files hold texts and numbers: only their owner may read them, whatever the folder and the umask allow. */
import { chmodSync, closeSync, openSync, statSync } from "node:fs";

const ownerOnly = 0o600;

/** Makes the file where it is missing, before SQLite does so with a mode for all. It gives -wal and -shm the mode of the file. */
export function makePrivate(file: string): void {
  closeSync(openSync(file, "a", ownerOnly));
}

/** Removes the rights of others to files that were there before, such as a backup put in place. */
export function keepPrivate(path: string): void {
  for (const file of [path, `${path}-wal`, `${path}-shm`, `${path}.lock`]) {
    const stats = statSync(file, { throwIfNoEntry: false });
    // Only the owner may change the mode: a file of another one, who lets us in by it, stays as it is.
    if (stats === undefined || stats.uid !== process.geteuid?.()) continue;
    if ((stats.mode & 0o777) !== ownerOnly) chmodSync(file, ownerOnly);
  }
}

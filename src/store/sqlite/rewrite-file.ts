/**
 * Files of releases that did not overwrite what they erased hold old texts in their free space. Such a file is rewritten once into a new
 * one beside it, which takes its place when it is whole: a process that dies meanwhile leaves the file as it was, and the next one begins
 * again.
 */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Whether a file has to be written anew, and what that takes. */
export interface RewritePlan {
  /** Of the disk until it is done; measured 100 MiB a second or more. */
  readonly needsOctets: number;
  readonly hasRoom: boolean;
}

/** What is left to be done after a start; with the fault where it was tried and failed. */
export interface RewriteLeft extends RewritePlan {
  readonly fault?: string | undefined;
}

/** A start takes a second or two for it; what is larger waits for `sms-relay migrate`. */
const maxRewrittenOctets = 256 * 1024 ** 2;

/** In `meta`: nothing was ever erased in this file without being overwritten. */
export const overwritesKey = "overwrites";

const partialOf = (path: string) => `${path}.rewritten`;

/** Undefined where nothing is to be done. `keepFreeOctets` of the disk stay free. */
export function planRewrite(db: DatabaseSync, path: string, keepFreeOctets: number): RewritePlan | undefined {
  if (db.prepare("SELECT 1 FROM meta WHERE key = ?").get(overwritesKey) !== undefined) return undefined;
  const read = (pragma: string) => Number(Object.values(db.prepare(`PRAGMA ${pragma}`).get() ?? {})[0]);
  const needsOctets = read("page_count") * read("page_size");
  const { bavail, bsize } = statfsSync(dirname(path));
  return { needsOctets, hasRoom: bavail * bsize >= needsOctets + keepFreeOctets };
}

/** Writes the file anew; by who has it alone. Closes `db`, since the file is another one afterwards. */
export function rewriteFile(db: DatabaseSync, path: string): void {
  const partial = partialOf(path);
  try {
    // Its log is in the file then, and gone.
    db.exec("PRAGMA journal_mode = DELETE");
    writeFileSync(partial, "", { mode: 0o600 });
    db.prepare("VACUUM INTO ?").run(partial);
  } finally {
    db.close();
  }
  const written = new DatabaseSync(partial);
  try {
    written.prepare("INSERT OR REPLACE INTO meta (key, value) VALUES (?, 1)").run(overwritesKey);
  } finally {
    written.close();
  }
  sync(partial);
  renameSync(partial, path);
  sync(dirname(path));
}

/**
 * What a start can do of it: `opened` is the file afterwards, and `left` what is left to be done, with why where it was tried. A file that
 * cannot be written anew is as good as it was, so that nothing of this keeps a service from starting.
 */
export function rewriteAtStart(
  opened: DatabaseSync,
  path: string,
  keepFreeOctets: number,
  reopen: () => DatabaseSync,
): { readonly opened: DatabaseSync; readonly left: RewriteLeft | undefined } {
  let fault: string | undefined;
  try {
    removeCutOffRewrite(path);
    const plan = planRewrite(opened, path, keepFreeOctets);
    if (plan === undefined || !plan.hasRoom || plan.needsOctets > maxRewrittenOctets)
      return { opened, left: plan };
    rewriteFile(opened, path);
    return { opened: reopen(), left: undefined };
  } catch (error) {
    fault = error instanceof Error ? error.message : String(error);
  }
  const db = opened.isOpen ? opened : reopen();
  try {
    // What was written of it is in the way of everything else on a full disk.
    removeCutOffRewrite(path);
  } catch {
    // The next start tries again.
  }
  const plan = planRewrite(db, path, keepFreeOctets);
  return { opened: db, left: plan && { ...plan, fault } };
}

/** Removes what a rewriting left that was cut off. */
export function removeCutOffRewrite(path: string): void {
  for (const suffix of ["", "-journal"]) rmSync(`${partialOf(path)}${suffix}`, { force: true });
}

function sync(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Checks a store's place before it is opened: its folder, its permissions, and what the file is. */
import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  realpathSync,
  statSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { StoreUnavailableError } from "../store-unavailable-error.ts";
import { beginsAtKey } from "./log-begin.ts";

const magic = "SQLite format 3\0";
/** "SMSR": tells our files from other SQLite files (PRAGMA application_id). */
export const applicationId = 0x534d5352;
const headerOctets = 100;
/** SQLite's file format §1.3.3: 2 while it has a write-ahead log, which a store always has and a backup never. */
const writeVersionAt = 18;
const rollbackMode = 1;

/** The one name of the file, whichever links lead to it; refuses with the reason where it cannot be a store. */
export function checkFile(path: string): string {
  const folder = dirname(resolve(path));
  try {
    if (!statSync(folder).isDirectory()) throw new Error("it is not a folder");
  } catch (error) {
    throw new StoreUnavailableError(
      "NO_FOLDER",
      `The folder ${folder} of the store does not exist; make it or set another path.`,
      error,
    );
  }
  const file = realPathOf(path, folder);
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) {
    throw new StoreUnavailableError("NOT_WRITABLE", `The store ${file} is a folder; name a file.`);
  }
  try {
    accessSync(dirname(file), constants.R_OK | constants.W_OK | constants.X_OK);
    const stats = statSync(file, { throwIfNoEntry: false });
    if (stats !== undefined) accessSync(file, constants.R_OK | constants.W_OK);
    if (stats?.isFile() && stats.nlink > 1) throw linkedFile(file);
  } catch (error) {
    if (error instanceof StoreUnavailableError) throw error;
    throw new StoreUnavailableError(
      "NOT_WRITABLE",
      `The store ${file} cannot be written: ${error instanceof Error ? error.message : String(error)}.`,
      error,
    );
  }
  checkHeader(file);
  return file;
}

function realPathOf(path: string, folder: string): string {
  try {
    return realpathSync(resolve(path));
  } catch {
    return join(realpathSync(folder), basename(path));
  }
}

/** SQLite's file format §1.3: the magic string, and as many pages as the header says. */
function checkHeader(file: string): void {
  if (statSync(file, { throwIfNoEntry: false }) === undefined) return;
  const descriptor = openSync(file, "r");
  try {
    const sizeOctets = fstatSync(descriptor).size;
    if (sizeOctets === 0) return;
    const header = Buffer.alloc(headerOctets);
    const length = readSync(descriptor, header, 0, headerOctets, 0);
    if (length < headerOctets || header.toString("latin1", 0, 16) !== magic) {
      throw damagedFile(
        file,
        "it does not begin as an SQLite database does, so that it may never have been one",
      );
    }
    refuseForeign(file, header);
    const stored = header.readUInt16BE(16);
    const pageOctets = stored === 1 ? 65_536 : stored;
    const wal = statSync(`${file}-wal`, { throwIfNoEntry: false });
    if (wal !== undefined && wal.size > 0) {
      if (header[writeVersionAt] === rollbackMode || isUnusedCopy(file) || isOfAnotherRun(file))
        throw foreignLog(file);
      // While a log is left to be replayed, the file itself may be shorter than its header says.
      return;
    }
    if (header.readUInt32BE(28) * pageOctets > sizeOctets) throw damagedFile(file, "its end is missing");
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Whether the file itself, without its log, is a copy on which no service was started: `report-line.ts` takes the mark away before
 * anything else is written.
 */
function isUnusedCopy(file: string): boolean {
  return readMeta(itself(file), "is_copy") !== undefined;
}

/** Whether the file is older than its log allows, or newer than all of it (log-begin.ts): one of the two was put in place by hand. */
function isOfAnotherRun(file: string): boolean {
  // In this order: a service that runs on it moves the file towards its log, and is refused elsewhere.
  const since = readMeta(file, beginsAtKey) ?? 0;
  const inFile = readMeta(itself(file), "epoch");
  const inLog = readMeta(file, "epoch");
  return inFile !== undefined && inLog !== undefined && (inFile < since || inFile > inLog);
}

/** The file without its log. */
function itself(file: string): URL {
  const url = pathToFileURL(file);
  url.searchParams.set("immutable", "1");
  return url;
}

/** Reads and changes nothing: closed by a reader, the log stays as it is. */
function readMeta(at: string | URL, key: string): number | undefined {
  try {
    using db = new DatabaseSync(at, { readOnly: true });
    const row = db.prepare("SELECT value FROM meta WHERE key = ?").get(key);
    return row === undefined ? undefined : Number(row["value"]);
  } catch {
    // Cut off in a checkpoint it may be unreadable without its log, which then is its own.
    return undefined;
  }
}

/** SQLite would write what the log says over the file, page by page. */
function foreignLog(file: string): StoreUnavailableError {
  return new StoreUnavailableError(
    "FOREIGN_LOG",
    `${file} is a backup or copy that was put in place beside the log of another store (${file}-wal), which would undo that. Move ${file}-wal and ${file}-shm away, and start again.`,
  );
}

/** SQLite names the log after the file: under its other name the same pages would be written without it. */
function linkedFile(file: string): StoreUnavailableError {
  return new StoreUnavailableError(
    "LINKED",
    `${file} has another name too (a hard link), under which it could be opened without its log; remove that name (find -samefile).`,
  );
}

/** Where other tables stand, by the header alone: opened for writing, the file would change its mode for good. */
function refuseForeign(file: string, header: Buffer): void {
  const schemaCookie = header.readUInt32BE(40);
  if (header.readUInt32BE(68) === applicationId || schemaCookie === 0) return;
  // A store whose begin is still in its log has no id in the file, and no tables either.
  throw foreignFile(file);
}

export function foreignFile(file: string): StoreUnavailableError {
  return new StoreUnavailableError(
    "NOT_OURS",
    `${file} is a database of another program; choose another file.`,
  );
}

/** The refusal of a damaged file. */
export function damagedFile(file: string, what: string): StoreUnavailableError {
  return new StoreUnavailableError(
    "CORRUPT",
    `${file} is damaged (${what}); restore a backup or choose another file.`,
  );
}

/**
 * One service a file: an EXCLUSIVE transaction held open on a small database beside it. The system frees it with the process, also
 * on kill -9, so that no stale lock has to be cleared by hand.
 */
import { existsSync, rmSync, statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { StoreUnavailableError } from "../store-unavailable-error.ts";
import { makePrivate } from "./file-modes.ts";
import { busyTimeoutMs } from "./operations.ts";

export interface ServiceLock {
  /** Harmless when repeated. */
  release(): void;
}

/** How long a start waits for one that only looks whether the store is in use. */
const lookMs = 250;

export const lockPathOf = (path: string) => `${path}.lock`;

/** Takes the lock of the store at `path`, or refuses with LOCKED. */
export function takeServiceLock(path: string): ServiceLock {
  const lockPath = lockPathOf(path);
  const isNew = !existsSync(lockPath);
  let db: DatabaseSync | undefined;
  try {
    makePrivate(lockPath);
    const opened = new DatabaseSync(lockPath, { timeout: lookMs });
    db = opened;
    opened.exec("BEGIN EXCLUSIVE");
    if (isNew) refuseOpenFile(path, lockPath);
    return {
      release: () => {
        if (opened.isOpen) opened.close();
      },
    };
  } catch (error) {
    if (db?.isOpen) db.close();
    if (error instanceof StoreUnavailableError) throw error;
    if (isBusy(error)) throw inUse(path, error);
    throw notTaken(lockPath, error);
  }
}

/**
 * Where there was no lock yet, a service may have the file all the same: its lock was removed, or it knows the file by another name.
 * SQLite's own locks go by the inode, and whoever opens the file to have it alone meets every connection there is.
 */
function refuseOpenFile(path: string, lockPath: string): void {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0) return;
  const db = new DatabaseSync(path, { timeout: busyTimeoutMs });
  try {
    db.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; ROLLBACK");
  } catch (error) {
    // What else is wrong with the file is told by who opens it next.
    if (!isBusy(error)) return;
    // The next start must look again.
    rmSync(lockPath, { force: true });
    throw new StoreUnavailableError(
      "LOCKED",
      `${path} is open in another process, perhaps by another name or with its lock ${lockPath} removed; end that process, or choose another file.`,
      error,
    );
  } finally {
    db.close();
  }
}

function notTaken(lockPath: string, cause: unknown): StoreUnavailableError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new StoreUnavailableError("NOT_WRITABLE", `The lock ${lockPath} cannot be taken: ${why}.`, cause);
}

/** Whether another process has the store at `path`; takes no lock that a start would meet for longer than a moment. */
export function isInUse(path: string): boolean {
  const lockPath = lockPathOf(path);
  if (!existsSync(lockPath)) return false;
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(lockPath, { readOnly: true, timeout: 0 });
    db.prepare("SELECT count(*) FROM sqlite_schema").get();
    return false;
  } catch (error) {
    if (isBusy(error)) return true;
    throw notTaken(lockPath, error);
  } finally {
    db?.close();
  }
}

/** The refusal of a store that another process has. */
function inUse(path: string, cause?: unknown): StoreUnavailableError {
  return new StoreUnavailableError(
    "LOCKED",
    `${path} is in use by a running service, copy or migration (it holds ${lockPathOf(path)}); end that, or choose another file.`,
    cause,
  );
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && (Number(error.errcode) & 0xff) === 5;
}

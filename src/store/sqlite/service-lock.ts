/**
 * One service a file: an EXCLUSIVE transaction held open on a small database beside it. The system frees it with the process, also
 * on kill -9, so that no stale lock has to be cleared by hand.
 */
import { DatabaseSync } from "node:sqlite";
import { StoreUnavailableError } from "../store-unavailable-error.ts";

export interface ServiceLock {
  /** Harmless when repeated. */
  release(): void;
}

/** Takes the lock of the store at `path`, or refuses with LOCKED. */
export function takeServiceLock(path: string): ServiceLock {
  const lockPath = `${path}.lock`;
  let db: DatabaseSync | undefined;
  try {
    const opened = new DatabaseSync(lockPath, { timeout: 0 });
    db = opened;
    opened.exec("BEGIN EXCLUSIVE");
    return {
      release: () => {
        if (opened.isOpen) opened.close();
      },
    };
  } catch (error) {
    if (db?.isOpen) db.close();
    const code = error instanceof Error && "errcode" in error ? Number(error.errcode) & 0xff : 0;
    if (code === 5) {
      throw new StoreUnavailableError(
        "LOCKED",
        `${path} is in use by another running service (it holds ${lockPath}); stop that service or choose another file.`,
        error,
      );
    }
    throw new StoreUnavailableError(
      "NOT_WRITABLE",
      `The lock ${lockPath} cannot be taken: ${error instanceof Error ? error.message : String(error)}.`,
      error,
    );
  }
}

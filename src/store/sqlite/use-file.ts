/** A store's file outside of a service: read while one may run, or opened alone, as a service would. */
import { statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { checkFile } from "./check-file.ts";
import { checkPages } from "./check-pages.ts";
import { keepPrivate, makePrivate } from "./file-modes.ts";
import { openDatabase } from "./open-database.ts";
import { busyTimeoutMs } from "./operations.ts";
import { takeServiceLock } from "./service-lock.ts";
import { describeFault } from "./worker-client.ts";
import { faultOf } from "./worker-protocol.ts";

/** Gives `use` the file for reading; undefined where there is none yet. */
export function withReadOnlyFile<Result>(
  path: string,
  use: (db: DatabaseSync, file: string) => Result,
): Result | undefined {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) return undefined;
  const file = checkFile(path);
  try {
    const db = new DatabaseSync(file, { readOnly: true, timeout: busyTimeoutMs });
    try {
      return use(db, file);
    } finally {
      db.close();
    }
  } catch (error) {
    throw describeFault(faultOf(error), file);
  }
}

/** Gives `use` the file as a service would have it: alone, looked through, open for writing. */
export async function withOwnFile<Result>(
  path: string,
  use: (db: DatabaseSync, file: string) => Result | Promise<Result>,
): Promise<Result> {
  const file = checkFile(path);
  makePrivate(file);
  const lock = takeServiceLock(file);
  try {
    const db = openDatabase(file);
    try {
      keepPrivate(file);
      checkPages(db, file);
      return await use(db, file);
    } finally {
      if (db.isOpen) db.close();
    }
  } catch (error) {
    throw describeFault(faultOf(error), file);
  } finally {
    lock.release();
  }
}

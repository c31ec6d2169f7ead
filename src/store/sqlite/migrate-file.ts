/** Brings a file to this program's schema without a service, or tells what that would do. */
import { randomUUID } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import type { SchemaChange } from "../schema-change.ts";
import { StoreUnavailableError } from "../store-unavailable-error.ts";
import { migrate, planMigration, schemaVersion } from "./migrate.ts";
import { planRewrite, type RewritePlan, removeCutOffRewrite, rewriteFile } from "./rewrite-file.ts";
import { isInUse } from "./service-lock.ts";
import { withOwnFile, withReadOnlyFile } from "./use-file.ts";

export interface FileMigration extends SchemaChange {
  /** The file is (or would be) written anew, since its free space may hold texts that a former release erased. */
  readonly rewrite: RewritePlan | undefined;
}

/** Refuses with LOCKED while a service runs on the file, and with FAILED where the disk has no room to write it anew. */
export function migrateFile(path: string, keepFreeOctets: number): Promise<FileMigration> {
  return withOwnFile(path, (db, file) => {
    const { from, to } = migrate(db, file, randomUUID);
    removeCutOffRewrite(file);
    const rewrite = planRewrite(db, file, keepFreeOctets);
    if (rewrite?.hasRoom === false) throw noRoom(file, rewrite);
    if (rewrite !== undefined) rewriteOrLeave(db, file);
    return { from, to, rewrite };
  });
}

/** What was written of it until it failed is in the way of everything else on a full disk. */
function rewriteOrLeave(db: DatabaseSync, file: string): void {
  try {
    rewriteFile(db, file);
  } catch (error) {
    removeCutOffRewrite(file);
    throw error;
  }
}

function noRoom(file: string, { needsOctets }: RewritePlan): StoreUnavailableError {
  return new StoreUnavailableError(
    "FAILED",
    `${file} has its schema, and cannot be written anew to remove the texts that a former release erased: the disk must have ${Math.ceil(needsOctets / 1024 ** 2)} MiB more than store.minFreeDisk.`,
  );
}

/** Changes nothing, also while another process has the file, for which the migration would have to wait. */
export function planFileMigration(
  path: string,
  keepFreeOctets: number,
): FileMigration & { readonly isInUse: boolean } {
  const plan = withReadOnlyFile(path, (db, file) => {
    const change = planMigration(db, file);
    const rewrite = (change.from ?? 0) > 0 ? planRewrite(db, file, keepFreeOctets) : undefined;
    return { ...change, rewrite, isInUse: isInUse(file) };
  });
  return plan ?? { from: undefined, to: schemaVersion, rewrite: undefined, isInUse: false };
}

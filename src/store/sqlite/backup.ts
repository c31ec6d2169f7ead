/** An online backup: a consistent copy in a new file, made by a thread and a connection of its own while the service writes on. */
import { existsSync, renameSync, rmSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { SmsError } from "../../domain/errors.ts";
import { StoreUnavailableError } from "../store-unavailable-error.ts";
import { startWorker } from "./worker-client.ts";

/**
 * Copies the store at `path` into the new file `target`, which appears whole or not at all. Refuses with OVERLOADED where less than
 * `keepFreeOctets` of the disk would be left, also when that shows meanwhile.
 */
export async function backupTo(path: string, target: string, keepFreeOctets: number): Promise<void> {
  if (existsSync(target)) {
    throw new SmsError("INVALID_PARAMETER", "The backup's file exists already; name a new one.");
  }
  if (!existsSync(dirname(resolve(target)))) {
    throw new SmsError("INVALID_PARAMETER", "The folder of the backup's file does not exist.");
  }
  const partial = `${target}.partial`;
  rmSync(partial, { force: true });
  const worker = await startWorker("backup-worker", { path, target: partial, keepFreeOctets });
  try {
    await worker.call("copy");
    renameSync(partial, target);
  } catch (error) {
    throw asRefusal(error);
  } finally {
    await worker.close();
    for (const suffix of ["", "-journal"]) rmSync(`${partial}${suffix}`, { force: true });
  }
}

/** A full disk ends the backup only, and not the store. */
function asRefusal(error: unknown): unknown {
  const cause = error instanceof SmsError ? error.cause : undefined;
  if (!(cause instanceof StoreUnavailableError) || cause.reason !== "NO_ROOM") return error;
  return new SmsError("OVERLOADED", cause.message, {
    quota: { subject: "service", description: "Too little disk space is left for a backup." },
  });
}

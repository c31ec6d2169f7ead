/** An online backup: a consistent copy in a new file, made by a thread and a connection of its own while the service writes on. */
import { existsSync, renameSync, rmSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { SmsError } from "../../domain/errors.ts";
import { startWorker } from "./worker-client.ts";

/** Copies the store at `path` into the new file `target`, which appears whole or not at all. */
export async function backupTo(path: string, target: string): Promise<void> {
  if (existsSync(target)) {
    throw new SmsError("INVALID_PARAMETER", "The backup's file exists already; name a new one.");
  }
  if (!existsSync(dirname(resolve(target)))) {
    throw new SmsError("INVALID_PARAMETER", "The folder of the backup's file does not exist.");
  }
  const partial = `${target}.partial`;
  rmSync(partial, { force: true });
  const worker = await startWorker("backup-worker", { path, target: partial });
  try {
    await worker.call("copy");
    renameSync(partial, target);
  } finally {
    await worker.close();
    rmSync(partial, { force: true });
  }
}

/** Streams a consistent copy of the store while the service goes on. */
import { createHash, randomUUID } from "node:crypto";
import { type FileHandle, open, readdir, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { SmsError } from "../../domain/errors.ts";
import type { Clock } from "../../observability/clock.ts";
import type { Store } from "../../store/store.ts";
import { actOf, type Caller } from "../calls/act.ts";

const chunkOctets = 256 * 1024;
const retryAfterMs = 30_000;

export interface BackupPiece {
  readonly chunk: Uint8Array;
  readonly totalOctets: number;
  /** Of the whole file, in hexadecimal; in the last piece only. */
  readonly sha256: string | undefined;
}

export interface DownloadBackupDeps {
  readonly store: Pick<Store, "backup" | "noteAct">;
  readonly clock: Pick<Clock, "now">;
  /** The store's own file; the copy is made beside it. */
  readonly storePath: string;
}

export type DownloadBackup = (caller: Caller) => AsyncGenerator<BackupPiece, void>;

/** Makes the use case. One at a time; the copy has no name while it is read, so that the system removes it with the process. */
export function createDownloadBackup({ store, clock, storePath }: DownloadBackupDeps): DownloadBackup {
  let isRunning = false;
  return async function* (caller) {
    if (isRunning)
      throw new SmsError("OVERLOADED", undefined, {
        retryAfterMs,
        quota: { subject: "service", description: "Another backup is being taken." },
      });
    isRunning = true;
    const path = `${storePath}.backup-${randomUUID()}`;
    try {
      await store.backup(path);
      await store.noteAct(actOf(caller, "", clock.now()));
      await using file = await open(path, "r");
      await rm(path);
      yield* readPieces(file);
    } finally {
      await rm(path, { force: true });
      isRunning = false;
    }
  };
}

const uuid = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
/** A former release named copies without the store's name; a copy that old belongs to nobody any more. */
const formerName = new RegExp(`^backup-${uuid}\\.db(?:\\.partial)?(?:-journal)?$`);
const formerAgeMs = 3_600_000;

/** Removes the copies left by a process that was killed while making one; only the store's own service may ask for it. */
export async function removeCutOffBackups(storePath: string, nowMs: number): Promise<void> {
  const folder = dirname(storePath);
  const ownPrefix = `${basename(storePath)}.backup-`;
  const ownRest = new RegExp(`^${uuid}(?:\\.partial)?(?:-journal)?$`);
  for (const name of await readdir(folder)) {
    const isOwn = name.startsWith(ownPrefix) && ownRest.test(name.slice(ownPrefix.length));
    if (!isOwn && !formerName.test(name)) continue;
    const path = join(folder, name);
    if (!isOwn && (await stat(path)).mtimeMs > nowMs - formerAgeMs) continue;
    await rm(path, { force: true });
  }
}

async function* readPieces(file: FileHandle): AsyncGenerator<BackupPiece, void> {
  const { size } = await file.stat();
  const digest = createHash("sha256");
  for (let at = 0; at < size; ) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(chunkOctets), 0, chunkOctets, at);
    if (bytesRead === 0) throw new Error("the copy ended before its size");
    const chunk = buffer.subarray(0, bytesRead);
    digest.update(chunk);
    at += bytesRead;
    yield { chunk, totalOctets: size, sha256: at >= size ? digest.digest("hex") : undefined };
  }
}

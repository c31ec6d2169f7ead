/** Streams a consistent copy of the store while the service goes on. */
import { createHash, randomUUID } from "node:crypto";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { SmsError } from "../domain/errors.ts";
import type { Store } from "../store/store.ts";

const chunkOctets = 256 * 1024;
const retryAfterMs = 30_000;

export interface BackupPiece {
  readonly chunk: Uint8Array;
  readonly totalOctets: number;
  /** Of the whole file, in hexadecimal; in the last piece only. */
  readonly sha256: string | undefined;
}

export interface DownloadBackupDeps {
  readonly store: Pick<Store, "backup">;
  /** Where the copy lies while it is read; best on the store's own disk. */
  readonly directory: string;
}

export type DownloadBackup = () => AsyncGenerator<BackupPiece, void>;

/** Makes the use case. One at a time; the copy is removed when the stream ends, however it ends. */
export function createDownloadBackup({ store, directory }: DownloadBackupDeps): DownloadBackup {
  let isRunning = false;
  return async function* () {
    if (isRunning)
      throw new SmsError("OVERLOADED", undefined, {
        retryAfterMs,
        quota: { subject: "service", description: "Another backup is being taken." },
      });
    isRunning = true;
    const path = join(directory, `backup-${randomUUID()}.db`);
    try {
      await store.backup(path);
      yield* readPieces(path);
    } finally {
      await rm(path, { force: true });
      isRunning = false;
    }
  };
}

async function* readPieces(path: string): AsyncGenerator<BackupPiece, void> {
  await using file = await open(path, "r");
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

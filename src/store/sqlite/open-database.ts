/** The one connection that writes: how it is durable, and how much it keeps in memory. */
import { DatabaseSync } from "node:sqlite";
import { busyTimeoutMs } from "./operations.ts";

export function openDatabase(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: busyTimeoutMs, enableForeignKeyConstraints: false });
  db.exec("PRAGMA journal_mode = WAL");
  db.exec("PRAGMA synchronous = FULL");
  // Rarer checkpoints write hot pages less often: 16 MiB of WAL instead of 4, and what grew beyond 64 is given back.
  db.exec("PRAGMA wal_autocheckpoint = 4000");
  db.exec(`PRAGMA journal_size_limit = ${64 * 1024 * 1024}`);
  db.exec("PRAGMA cache_size = -32768");
  db.exec("PRAGMA temp_store = MEMORY");
  return db;
}

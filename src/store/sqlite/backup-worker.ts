/**
 * The thread that copies. One read transaction pins the state that is copied: without it the copy would start anew with each commit
 * of the writer and never end under load.
 */
import { closeSync, fsyncSync, openSync } from "node:fs";
import { backup, DatabaseSync } from "node:sqlite";
import { type MessagePort, parentPort } from "node:worker_threads";
import { busyTimeoutMs, type WorkerData } from "./operations.ts";
import { markAsCopy } from "./report-line.ts";
import { faultOf, type WorkerReply } from "./worker-protocol.ts";

const pagesAtOnce = 1_000;

async function copy(path: string, target: string): Promise<void> {
  // SQLite would make it readable by all.
  closeSync(openSync(target, "wx", 0o600));
  const db = new DatabaseSync(path, { readOnly: true, timeout: busyTimeoutMs });
  try {
    db.exec("BEGIN");
    db.prepare("SELECT count(*) FROM sqlite_schema").get();
    await backup(db, target, { rate: pagesAtOnce });
    db.exec("COMMIT");
  } finally {
    db.close();
  }
  const copied = new DatabaseSync(target);
  try {
    markAsCopy(copied);
    // Says in its first page that no log belongs to it: one that lies where it is put is another file's (check-file.ts).
    copied.exec("PRAGMA journal_mode = DELETE");
  } finally {
    copied.close();
  }
  const descriptor = openSync(target, "r+");
  fsyncSync(descriptor);
  closeSync(descriptor);
}

function serve(port: MessagePort, { path, target }: Required<WorkerData>): void {
  const reply = (message: WorkerReply) => port.postMessage(message);
  port.on("message", (body: unknown) => {
    if (body === "close") {
      reply({ kind: "done", body: undefined });
      port.close();
      return;
    }
    copy(path, target).then(
      () => reply({ kind: "done", body: undefined }),
      (error: unknown) => reply({ kind: "failed", fault: faultOf(error) }),
    );
  });
  reply({ kind: "ready", body: undefined });
}

const port = parentPort;
if (port === null) throw new Error("this file runs as a worker");
port.once("message", (data: Required<WorkerData>) => serve(port, data));

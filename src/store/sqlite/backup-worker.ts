/**
 * The thread that copies. One read transaction pins the state that is copied: without it the copy would start over with each commit of the
 * writer and never end under load.
 */
import { closeSync, fsyncSync, openSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { type MessagePort, parentPort } from "node:worker_threads";
import { StoreUnavailableError } from "../store-unavailable-error.ts";
import { busyTimeoutMs, type WorkerData } from "./operations.ts";
import { markAsCopy } from "./report-line.ts";
import { faultOf, type WorkerReply } from "./worker-protocol.ts";

const pagesAtOnce = 1_000;

type CopyData = Pick<WorkerData, "path" | "target" | "keepFreeOctets">;

/** Refuses to take more of the disk than leaves the service its floor; `octets` are still to be written. */
function refuseFullDisk(target: string, octets: number, keepFreeOctets: number): void {
  const { bavail, bsize } = statfsSync(dirname(target));
  if (bavail * bsize - octets >= keepFreeOctets) return;
  const mebibytes = (count: number) => `${Math.ceil(count / 1024 ** 2)} MiB`;
  throw new StoreUnavailableError(
    "NO_ROOM",
    `The store's disk has no room for a backup: ${mebibytes(octets)} are needed beside the floor of ${mebibytes(keepFreeOctets)} (store.minFreeDisk), and ${mebibytes(bavail * bsize)} are free.`,
  );
}

async function copy({ path, target, keepFreeOctets }: Required<CopyData>): Promise<void> {
  // SQLite would make it readable by all.
  closeSync(openSync(target, "wx", 0o600));
  const db = new DatabaseSync(path, { readOnly: true, timeout: busyTimeoutMs });
  try {
    db.exec("BEGIN");
    db.prepare("SELECT count(*) FROM sqlite_schema").get();
    const pageOctets = Number(db.prepare("PRAGMA page_size").get()?.["page_size"]);
    const refuse = (pages: number) => refuseFullDisk(target, pages * pageOctets, keepFreeOctets);
    refuse(Number(db.prepare("PRAGMA page_count").get()?.["page_count"]));
    await backup(db, target, {
      rate: pagesAtOnce,
      // Others write to the disk meanwhile.
      progress: ({ remainingPages }) => refuse(remainingPages),
    });
    db.exec("COMMIT");
  } finally {
    db.close();
  }
  const copied = new DatabaseSync(target);
  try {
    // Zeros in their place. A copy of an older schema, which a service has not migrated yet, has none.
    copied.exec("PRAGMA secure_delete = ON");
    const hasKeys = copied.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'signing_keys'").get();
    if (hasKeys !== undefined) copied.exec("DELETE FROM signing_keys");
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

function serve(port: MessagePort, data: Required<CopyData>): void {
  const reply = (message: WorkerReply) => port.postMessage(message);
  port.on("message", (body: unknown) => {
    if (body === "close") {
      reply({ kind: "done", body: undefined });
      port.close();
      return;
    }
    copy(data).then(
      () => reply({ kind: "done", body: undefined }),
      (error: unknown) => reply({ kind: "failed", fault: faultOf(error) }),
    );
  });
  reply({ kind: "ready", body: undefined });
}

const port = parentPort;
if (port === null) throw new Error("this file runs as a worker");
port.once("message", (data: Required<CopyData>) => serve(port, data));

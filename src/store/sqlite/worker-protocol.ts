/** The messages between the service's thread and a worker, and how an error crosses: only its facts do. */
import type { AccountId } from "../../domain/ids.ts";
import { StoreUnavailableError, type StoreUnavailableReason } from "../store-unavailable-error.ts";
import type { StoredLine } from "./report-line.ts";
import type { RewriteLeft } from "./rewrite-file.ts";

/** "away": the store itself cannot be used now (disk, corruption); "batch": these statements failed. */
export interface WorkerFault {
  readonly kind: "away" | "batch" | "unavailable";
  readonly reason: StoreUnavailableReason | undefined;
  readonly message: string;
}

/** What the writer says of the file when it is ready. */
export interface OpenedFile {
  readonly storeId: string;
  readonly line: StoredLine;
  /** What is left to be written anew: rewrite-file.ts. */
  readonly leftovers: RewriteLeft | undefined;
}

/** Told to the writer between batches: which states of an account's reports are followed from now on. */
export interface Following {
  readonly accountId: AccountId;
  readonly mask: number;
}

export function isFollowing(body: unknown): body is Following {
  return typeof body === "object" && body !== null && "mask" in body;
}

/** A worker answers what it is sent one by one, in order. */
export type WorkerReply =
  /** The first message: the worker is ready (the writer says an OpenedFile), or why it cannot be. */
  | { readonly kind: "ready"; readonly body: unknown }
  | { readonly kind: "refused"; readonly fault: WorkerFault }
  | { readonly kind: "done"; readonly body: unknown }
  | { readonly kind: "failed"; readonly fault: WorkerFault }
  /** Unasked: why nothing more can be done with the file. */
  | { readonly kind: "lost"; readonly fault: WorkerFault };

/** SQLite's primary result codes that speak of the file or the machine, not of the statement. */
const awayCodes = new Set([5, 6, 7, 8, 10, 11, 13, 14, 15, 23, 26]);
/** SQLITE_CORRUPT and SQLITE_NOTADB; SQLITE_BUSY. */
const corruptCodes = new Set([11, 26]);
const busyCode = 5;

function primaryCodeOf(error: unknown): number {
  const code = error instanceof Error && "errcode" in error ? Number(error.errcode) : 0;
  return code & 0xff;
}

export function faultOf(error: unknown): WorkerFault {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof StoreUnavailableError) return { kind: "unavailable", reason: error.reason, message };
  const code = primaryCodeOf(error);
  const reason = corruptCodes.has(code) ? "CORRUPT" : code === busyCode ? "LOCKED" : undefined;
  return { kind: awayCodes.has(code) ? "away" : "batch", reason, message };
}

/** One worker as the service's thread sees it: calls with answers, and a clear end when the worker is gone. */
import { getCompileCacheDir } from "node:module";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { Worker } from "node:worker_threads";
import { SmsError } from "../../domain/errors.ts";
import { createFifo } from "../../memory/fifo.ts";
import { StoreUnavailableError } from "../store-unavailable-error.ts";
import { damagedFile } from "./check-file.ts";
import { busyTimeoutMs, type WorkerData } from "./operations.ts";
import type { WorkerFault, WorkerReply } from "./worker-protocol.ts";

/** Statements failed, but the store is there: the caller may try them in smaller batches. */
export class BatchError extends Error {
  override readonly name = "BatchError";
}

export interface WorkerClient {
  /** What the worker said when it was ready. */
  readonly opened: unknown;
  call(body: unknown): Promise<unknown>;
  /** Calls that wait for an answer. */
  readonly pending: number;
  /** Lets the worker finish what it was asked, close its connection and end. */
  close(): Promise<void>;
}

/** Of a thread's young generation. What it makes is dead with the batch, so that a small one collects as little: ADR 70. */
const youngMiB = 4;

interface Pending {
  readonly resolve: (body: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Starts the worker of this folder named `name`, from source or from the built form, and waits until it is ready. */
export async function startWorker(
  name: "writer-worker" | "reader-worker" | "backup-worker",
  data: WorkerData & { readonly target?: string },
): Promise<WorkerClient> {
  const url = new URL(`./${name}${extname(fileURLToPath(import.meta.url))}`, import.meta.url);
  // A thread takes its compile cache from its environment; without one it strips types anew: 20 MiB and 100 ms each.
  const compileCache = getCompileCacheDir();
  const env = compileCache === undefined ? {} : { NODE_COMPILE_CACHE: compileCache };
  setFlagsFromString(`--max-semi-space-size=${youngMiB}`);
  const worker = new Worker(url, { workerData: data, name: `sms-relay ${name}`, env });
  // A thread answers in the order of the calls. Not a Map: see docs/adr/0075.
  const pending = createFifo<Pending>();
  let end: SmsError | undefined;

  const exited = new Promise<void>((resolve) => {
    worker.once("exit", () => resolve());
  });
  const opened = await new Promise<unknown>((resolve, reject) => {
    const giveUp = (error: unknown) => {
      end ??= new SmsError("SERVICE_UNAVAILABLE", "The store's worker has ended.", { cause: error });
      reject(end);
      for (let call = pending.shift(); call !== undefined; call = pending.shift()) call.reject(end);
    };
    worker.on("message", (reply: WorkerReply) => {
      if (reply.kind === "ready") resolve(reply.body);
      else if (reply.kind === "refused") reject(describeFault(reply.fault, data.path));
      else {
        const call = pending.shift();
        if (reply.kind === "done") call?.resolve(reply.body);
        else call?.reject(asCallError(reply.fault, data.path));
      }
    });
    worker.on("error", giveUp);
    worker.once("exit", () => giveUp(undefined));
  });

  function call(body: unknown): Promise<unknown> {
    if (end !== undefined) return Promise.reject(end);
    return new Promise((resolve, reject) => {
      // What cannot be cloned throws here, and is then no call.
      worker.postMessage(body);
      pending.push({ resolve, reject });
    });
  }

  return {
    opened,
    call,
    get pending() {
      return pending.size;
    },
    async close() {
      if (end === undefined) await call("close").catch(() => undefined);
      await exited;
    },
  };
}

/** What happened, as a sentence with the file and the cause. */
export function describeFault({ reason, message, kind }: WorkerFault, path: string): StoreUnavailableError {
  if (kind === "unavailable") return new StoreUnavailableError(reason ?? "FAILED", message);
  switch (reason) {
    case "CORRUPT":
      return damagedFile(path, message);
    case "LOCKED":
      return new StoreUnavailableError(
        "LOCKED",
        `${path} is locked by another process, which held it longer than ${busyTimeoutMs / 1000} s (${message}); end that process.`,
      );
    default:
      return new StoreUnavailableError("FAILED", `${path} cannot be used: ${message}.`);
  }
}

/** Callers are told that the store is away; the file and the cause are for the log. */
function asCallError(fault: WorkerFault, path: string): Error {
  if (fault.kind === "batch") return new BatchError(fault.message);
  return new SmsError("SERVICE_UNAVAILABLE", "The store cannot be used now.", {
    cause: describeFault(fault, path),
  });
}

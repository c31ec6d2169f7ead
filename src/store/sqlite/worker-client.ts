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
  /** Tells once that the worker has lost the file, as calls would from then on. */
  onLost(listener: (error: Error) => void): void;
  /** Lets the worker finish what it was asked, close its connection and end. */
  close(): Promise<void>;
}

/** Of a thread's young generation. What it makes is dead with the batch, so that a small one collects as little: ADR 70. */
const youngMiB = 4;

type WorkerName = "writer-worker" | "reader-worker" | "backup-worker";

interface Pending {
  readonly resolve: (body: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** A thread that reads its program, and touches no file before it is told to. */
export interface LaunchedWorker {
  /** Hands it its data and waits until it is ready. */
  open(data: WorkerData): Promise<WorkerClient>;
  /** Ends one that is not needed after all. */
  abandon(): Promise<void>;
}

/** Starts the worker of this folder named `name`, from source or from the built form, and waits until it is ready. */
export function startWorker(name: WorkerName, data: WorkerData): Promise<WorkerClient> {
  return launchWorker(name).open(data);
}

/** Starts it without opening anything, so that threads read their programs beside each other. */
export function launchWorker(name: WorkerName): LaunchedWorker {
  const url = new URL(`./${name}${extname(fileURLToPath(import.meta.url))}`, import.meta.url);
  // A thread takes its compile cache from its environment; without one it strips types anew: 20 MiB and 100 ms each.
  const compileCache = getCompileCacheDir();
  const env = compileCache === undefined ? {} : { NODE_COMPILE_CACHE: compileCache };
  setFlagsFromString(`--max-semi-space-size=${youngMiB}`);
  const worker = new Worker(url, { name: `sms-relay ${name}`, env });
  let cause: unknown;
  worker.on("error", (error) => {
    cause ??= error;
  });
  const ended = new Promise<unknown>((resolve) => {
    worker.once("exit", () => resolve(cause));
  });
  return {
    open: (data) => openWorker(worker, ended, data),
    async abandon() {
      await worker.terminate();
    },
  };
}

/** `ended` resolves when the thread is gone, with the error that ended it. */
async function openWorker(worker: Worker, ended: Promise<unknown>, data: WorkerData): Promise<WorkerClient> {
  // A thread answers in the order of the calls. Not a Map: see docs/adr/0075.
  const pending = createFifo<Pending>();
  let end: SmsError | undefined;
  let loss: Error | undefined;
  let tellLoss: ((error: Error) => void) | undefined;

  const opened = await new Promise<unknown>((resolve, reject) => {
    void ended.then((cause) => {
      end ??= new SmsError("SERVICE_UNAVAILABLE", "The store's worker has ended.", { cause });
      reject(end);
      for (let call = pending.shift(); call !== undefined; call = pending.shift()) call.reject(end);
    });
    worker.on("message", (reply: WorkerReply) => {
      if (reply.kind === "ready") resolve(reply.body);
      else if (reply.kind === "refused") reject(describeFault(reply.fault, data.path));
      else if (reply.kind === "lost") {
        loss = asCallError(reply.fault, data.path);
        tellLoss?.(loss);
      } else {
        const call = pending.shift();
        if (reply.kind === "done") call?.resolve(reply.body);
        else call?.reject(asCallError(reply.fault, data.path));
      }
    });
    worker.postMessage(data);
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
    onLost(listener) {
      tellLoss = listener;
      if (loss !== undefined) listener(loss);
    },
    async close() {
      if (end === undefined) await call("close").catch(() => undefined);
      await ended;
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

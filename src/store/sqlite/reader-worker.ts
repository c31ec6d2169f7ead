/** The thread that reads: its own read-only connection, short statements, no iterator left open, so that checkpoints go on. */
import { DatabaseSync } from "node:sqlite";
import { type MessagePort, parentPort } from "node:worker_threads";
import { recordReads } from "../records/steps.ts";
import { createReadBacklog } from "./backlog.ts";
import { bindSteps } from "./drive-step.ts";
import { createFindRequest } from "./find-request.ts";
import { busyTimeoutMs, type ReadOperation, type ReadSteps, type WorkerData } from "./operations.ts";
import { createReadReports } from "./read-reports.ts";
import { createReadStatus } from "./read-status.ts";
import { faultOf, type WorkerReply } from "./worker-protocol.ts";

type Handlers = {
  readonly [Kind in keyof ReadSteps]: (input: ReadSteps[Kind]["input"]) => ReadSteps[Kind]["outcome"];
};

function createHandlers(db: DatabaseSync): Handlers {
  const reports = createReadReports(db);
  const findRequest = createFindRequest(db);
  return {
    ...createReadStatus(db),
    ...bindSteps(db, recordReads),
    findRequests: (queries) => queries.map(findRequest),
    scanReports: reports.scanReports,
    reportBounds: reports.reportBounds,
    reportNumberBefore: ({ accountId, timeMs }) => reports.reportNumberBefore(accountId, timeMs),
    backlog: createReadBacklog(db),
  };
}

function serve(port: MessagePort, { path }: WorkerData): void {
  const reply = (message: WorkerReply) => port.postMessage(message);
  let db: DatabaseSync | undefined;
  try {
    const opened = new DatabaseSync(path, { readOnly: true, timeout: busyTimeoutMs });
    db = opened;
    opened.exec("PRAGMA cache_size = -16384");
    const handlers = createHandlers(opened);
    const begin = opened.prepare("BEGIN");
    const end = opened.prepare("COMMIT");
    // Several statements of one answer see one state of the file.
    const perform = (operation: ReadOperation): unknown => {
      const handler = handlers[operation.kind] as (input: unknown) => unknown;
      begin.run();
      try {
        const outcome = handler(operation.input);
        end.run();
        return outcome;
      } catch (error) {
        // After some failures SQLite has rolled back by itself; the first error is the one to tell.
        if (opened.isTransaction) opened.exec("ROLLBACK");
        throw error;
      }
    };
    port.on("message", (body: unknown) => {
      try {
        if (body === "close") {
          opened.close();
          reply({ kind: "done", body: undefined });
          port.close();
        } else reply({ kind: "done", body: perform(body as ReadOperation) });
      } catch (error) {
        reply({ kind: "failed", fault: faultOf(error) });
      }
    });
    reply({ kind: "ready", body: undefined });
  } catch (error) {
    db?.close();
    reply({ kind: "refused", fault: faultOf(error) });
    port.close();
  }
}

const port = parentPort;
if (port === null) throw new Error("this file runs as a worker");
port.once("message", (data: WorkerData) => serve(port, data));

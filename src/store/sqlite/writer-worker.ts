/**
 * The thread that writes. Takes one batch of operations at a time, runs it in one transaction and answers once it is on disk; a batch
 * that throws leaves nothing behind.
 */
import { randomFillSync, randomUUID } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { type MessagePort, parentPort } from "node:worker_threads";
import { createMessageIds } from "../../domain/ids.ts";
import type { Cleaned } from "../cleaning.ts";
import { createFollowedAccounts, type FollowedAccounts } from "../fresh-reports.ts";
import { countAccepted } from "../records/message-counts.ts";
import { recordWrites } from "../records/steps.ts";
import { createAccept } from "./accept.ts";
import { createAppendReports } from "./append-reports.ts";
import { createBecomeSubmitted } from "./become-submitted.ts";
import { createCancel } from "./cancel.ts";
import { checkPages } from "./check-pages.ts";
import { createClaim } from "./claim.ts";
import { createClean } from "./clean.ts";
import { refuseCopied } from "./copied-mark.ts";
import { bindSteps } from "./drive-step.ts";
import { createEndOverdue } from "./end-overdue.ts";
import { createSettleFirst } from "./first-attempt.ts";
import { migrate } from "./migrate.ts";
import { createEndDelivery } from "./move-delivery.ts";
import { openDatabase } from "./open-database.ts";
import {
  busyTimeoutMs,
  type CommittedBatch,
  type WorkerData,
  type WriterOperation,
  type WriterSteps,
} from "./operations.ts";
import { createOwnership, type Ownership } from "./ownership.ts";
import { type PackedOperation, unpackOperation } from "./packed-batch.ts";
import { packOutcome } from "./packed-outcomes.ts";
import { createRecordAttempt } from "./record-attempt.ts";
import { createRecordIncoming } from "./record-incoming.ts";
import { createRecordReceipts } from "./record-receipts.ts";
import { createRecover } from "./recover.ts";
import { createRemembered, type Remembered } from "./remembered.ts";
import { openLine } from "./report-line.ts";
import { rewriteAtStart } from "./rewrite-file.ts";
import { createSettle } from "./settle.ts";
import { createSmscIds } from "./smsc-ids.ts";
import { createSweep } from "./sweep.ts";
import { createTakeReference } from "./take-references.ts";
import { beginTransaction, type Transaction, type WriterState } from "./transaction.ts";
import { faultOf, isFollowing, type OpenedFile, type WorkerReply } from "./worker-protocol.ts";

type Handlers = {
  readonly [Kind in keyof WriterSteps]: (
    tx: Transaction,
    input: WriterSteps[Kind]["input"],
  ) => WriterSteps[Kind]["outcome"];
};

function createHandlers(db: DatabaseSync, remembered: Remembered): Handlers {
  let incomingTimeMs = 0;
  const newIncomingId = createMessageIds(() => incomingTimeMs, randomFillSync);
  const endDelivery = createEndDelivery(db);
  const takeReference = createTakeReference(db, Math.random);
  const smscIds = createSmscIds(db, remembered);
  const recording = createRecordAttempt(db, smscIds);
  const becomeSubmitted = createBecomeSubmitted(db, endDelivery);
  const endOverdue = createEndOverdue(endDelivery, becomeSubmitted);
  const receipts = createRecordReceipts(db, endDelivery, remembered);
  const claims = createClaim(db, takeReference, endOverdue);
  const sweep = createSweep(db, endDelivery, endOverdue, becomeSubmitted);
  const clean = createClean(db, smscIds);
  return {
    join: createRecover(db, endDelivery, becomeSubmitted),
    accept: createAccept(db, takeReference),
    claim: claims.claim,
    markSubmitting: (_tx, { claimant, ...claim }) => claims.markSubmitting(claim, claimant),
    takeReference: (_tx, { sender, recipient, nowMs }) => takeReference(sender, recipient, nowMs),
    settle: createSettle(db, {
      ...recording,
      ...becomeSubmitted,
      endDelivery,
      settleFirst: createSettleFirst(db, remembered, smscIds),
      replayParked: receipts.replayParked,
    }),
    recordReceipt: receipts.recordReceipt,
    takeParked: receipts.takeParked,
    recordUnparsableReceipt: (_tx, { gatewayId, raw, arrivalTimeMs }) => {
      receipts.recordUnparsableReceipt(gatewayId, raw, arrivalTimeMs);
      return undefined;
    },
    recordIncoming: createRecordIncoming(db, (timeMs) => {
      incomingTimeMs = timeMs;
      return newIncomingId();
    }),
    cancel: createCancel(db, endDelivery, becomeSubmitted),
    expireDue: sweep.expireDue,
    endSilent: sweep.endSilent,
    adoptOrphans: sweep.adoptOrphans,
    renameReceipts: receipts.renameReceipts,
    clean,
    ...bindSteps(db, recordWrites),
  };
}

interface BatchRunner {
  readonly followed: FollowedAccounts;
  run(packed: readonly PackedOperation[]): CommittedBatch;
  /** Whether the file is still this process's, outside of a batch. */
  look(): Error | undefined;
  /**
   * Empties the log once cleaning is through, since it holds former pages: nothing where nothing was cleaned. While a reader is at work it
   * is left for the next time.
   */
  emptyLog(): void;
}

function createBatchRunner(db: DatabaseSync, ownership: Ownership): BatchRunner {
  const remembered = createRemembered();
  const handlers = createHandlers(db, remembered);
  const followed = createFollowedAccounts();
  const appendReports = createAppendReports(db, followed);
  const counting = bindSteps(db, { countAccepted });
  const begin = db.prepare("BEGIN IMMEDIATE");
  const commit = db.prepare("COMMIT");
  const truncateLog = db.prepare("PRAGMA wal_checkpoint(TRUNCATE)");
  let hasCleaned = false;
  let isLogDue = false;
  const parked = db.prepare("SELECT count(*) AS count FROM parked_receipts").get()?.["count"];
  let state: WriterState = { laneEnds: [], parkedReceipts: Number(parked), epoch: ownership.begin() };

  function perform(tx: Transaction, operation: WriterOperation): unknown {
    // One lookup serves all kinds: the table above ties each kind to its input.
    const handler = handlers[operation.kind] as (tx: Transaction, input: unknown) => unknown;
    return handler(tx, operation.input);
  }

  function run(packed: readonly PackedOperation[]): CommittedBatch {
    const batch = packed.map(unpackOperation);
    begin.run();
    try {
      ownership.check(state.epoch);
      const tx = beginTransaction(state, followed);
      const outcomes = batch.map((operation) => packOutcome(perform(tx, operation), operation));
      for (const count of tx.counts.sorted()) counting.countAccepted([count]);
      const reports = appendReports(tx.reports);
      commit.run();
      for (const [index, operation] of batch.entries()) {
        if (operation.kind !== "clean") continue;
        const { rows, hasMore } = outcomes[index] as Cleaned;
        hasCleaned ||= rows > 0;
        if (hasMore || !hasCleaned) continue;
        hasCleaned = false;
        isLogDue = true;
      }
      state = { laneEnds: tx.laneEnds, parkedReceipts: tx.parkedReceipts, epoch: tx.epoch };
      return { outcomes, reports };
    } catch (error) {
      remembered.forgetAll();
      // After some failures (a full disk) SQLite has rolled back by itself.
      if (db.isTransaction) db.exec("ROLLBACK");
      throw error;
    }
  }
  function emptyLog(): void {
    if (!isLogDue) return;
    db.exec("PRAGMA busy_timeout = 0");
    try {
      isLogDue = truncateLog.get()?.["busy"] !== 0;
    } catch {
      // A full disk or the like: it is due again after the next batch. It must not reach the caller, whose batch is answered already.
      isLogDue = true;
    } finally {
      db.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
    }
  }
  return { run, followed, emptyLog, look: () => ownership.look(state.epoch) };
}

/** How long it may take to notice that something happened to the files. */
const lookEveryMs = 1_000;

function serve(port: MessagePort, { path, startsCopied = false, keepFreeOctets = 0 }: WorkerData): void {
  const reply = (message: WorkerReply) => port.postMessage(message);
  let db: DatabaseSync | undefined;
  try {
    db = openDatabase(path);
    checkPages(db, path);
    const { storeId } = migrate(db, path, randomUUID);
    refuseCopied(db, path, startsCopied);
    const { opened, left } = rewriteAtStart(db, path, keepFreeOctets, () => openDatabase(path));
    db = opened;
    const file: OpenedFile = { storeId, line: openLine(db, storeId, randomUUID), leftovers: left };
    const batches = createBatchRunner(db, createOwnership(db, path));
    const watch = setInterval(() => {
      const loss = batches.look();
      if (loss === undefined) return;
      clearInterval(watch);
      reply({ kind: "lost", fault: faultOf(loss) });
    }, lookEveryMs).unref();
    port.on("message", (body: unknown) => {
      try {
        if (body === "close") {
          clearInterval(watch);
          opened.close();
          reply({ kind: "done", body: undefined });
          port.close();
        } else if (isFollowing(body)) {
          batches.followed.set(body.accountId, body.mask);
          reply({ kind: "done", body: undefined });
        } else {
          reply({ kind: "done", body: batches.run(body as readonly PackedOperation[]) });
          batches.emptyLog();
        }
      } catch (error) {
        reply({ kind: "failed", fault: faultOf(error) });
      }
    });
    reply({ kind: "ready", body: file });
  } catch (error) {
    if (db?.isOpen === true) db.close();
    reply({ kind: "refused", fault: faultOf(error) });
    port.close();
  }
}

const port = parentPort;
if (port === null) throw new Error("this file runs as a worker");
port.once("message", (data: WorkerData) => serve(port, data));

/** Opens the store on one SQLite file: takes the service's lock, starts the writer and the reader, and maps the port onto them. */
import { SmsError } from "../../domain/errors.ts";
import type { AccountId } from "../../domain/ids.ts";
import type { Clock } from "../../observability/clock.ts";
import { Listeners } from "../../observability/listeners.ts";
import { type Logger, silentLogger } from "../../observability/logger.ts";
import { nothingRecovered } from "../accepting.ts";
import { cleanAll } from "../cleaning.ts";
import { maskOf } from "../codes.ts";
import { createFairQueue } from "../fair-queue.ts";
import { createGroupCommit } from "../group-commit.ts";
import { mapPort } from "../map-port.ts";
import { unpackScan } from "../packed-scan.ts";
import { createRecords } from "../records/facade.ts";
import { createReportTails } from "../report-tails.ts";
import type { ReportLine } from "../reports.ts";
import { createRequestLookups } from "../request-lookups.ts";
import { messagePageOf, statusPageOf } from "../status-rows.ts";
import type { Store } from "../store.ts";
import { createWrites } from "../writes.ts";
import { backupTo } from "./backup.ts";
import { checkFile } from "./check-file.ts";
import { createDamageGuard } from "./damage-guard.ts";
import { keepPrivate, makePrivate } from "./file-modes.ts";
import { allSessions } from "./gateway-sessions.ts";
import type { CommittedBatch, ReadOperation, ReadSteps, WriteOperation, WriteSteps } from "./operations.ts";
import { packOperation } from "./packed-batch.ts";
import { unpackOutcome } from "./packed-outcomes.ts";
import type { RewriteLeft } from "./rewrite-file.ts";
import { type ServiceLock, takeServiceLock } from "./service-lock.ts";
import { type LaunchedWorker, launchWorker, startWorker, type WorkerClient } from "./worker-client.ts";
import type { Following, OpenedFile } from "./worker-protocol.ts";

export interface SqliteStoreOptions {
  /** The database file; made where it is missing, its folder must exist. */
  readonly path: string;
  readonly clock: Clock;
  /** Told when the store turns itself off, and of what an operator should do some time. */
  readonly log?: Pick<Logger, "error" | "often" | "warn">;
  /** Also on a file that was copied into a database, whose messages are sent from there. */
  readonly startsCopied?: boolean;
  /** What a backup or a rewriting leaves free of the disk. */
  readonly keepFreeOctets?: number;
  /** Rows of one writing batch at most. */
  readonly maxBatchRows?: number;
  /** Rows that may wait for a batch before new work is refused with OVERLOADED. */
  readonly maxWaitingRows?: number;
  /** Reads that may wait before further ones are refused with OVERLOADED. */
  readonly maxWaitingReads?: number;
}

/**
 * The writer does one batch after the other. With the next at hand it need not wait for this thread after each: end to end by 500s
 * 11,102 messages a second where it was 10,154 (medians of 7, in turn). A batch of single messages is smaller than this, and is best whole.
 */
const overlapRows = 250;

/** The worker finds the next one when it has answered one. */
const readsAtOnce = 2;

type Commit = Parameters<Parameters<Store["onCommit"]>[0]>[0];

/** Rejects with StoreUnavailableError where the file cannot be a store or is in use. */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const { startsCopied = false, keepFreeOctets = 0 } = options;
  const path = checkFile(options.path);
  makePrivate(path);
  const lock = takeServiceLock(path);
  let launched: LaunchedWorker | undefined;
  let writer: WorkerClient | undefined;
  try {
    // The reader opens what the writer has made, but need not wait to read its program.
    launched = launchWorker("reader-worker");
    writer = await startWorker("writer-worker", { path, startsCopied, keepFreeOctets });
    keepPrivate(path);
    const reader = await launched.open({ path });
    return createStore({ ...options, path }, lock, writer, reader);
  } catch (error) {
    await launched?.abandon();
    await writer?.close();
    lock.release();
    throw error;
  }
}

function warnOfLeftovers(log: Pick<Logger, "warn">, path: string, left: RewriteLeft): void {
  const { needsOctets, hasRoom, fault } = left;
  const facts = { store: path, needsMiB: Math.ceil(needsOctets / 1024 ** 2), hasRoom };
  const what = "The free space of the file may hold texts that a former release erased.";
  if (fault === undefined) {
    const todo = "Stop the service some time and run `sms-relay migrate`, which writes the file anew.";
    log.warn(facts, `${what} ${todo}`);
  } else {
    const todo = "Writing it anew failed; the next start, or `sms-relay migrate`, tries again.";
    log.warn({ ...facts, fault }, `${what} ${todo}`);
  }
}

function createStore(
  options: SqliteStoreOptions,
  lock: ServiceLock,
  writer: WorkerClient,
  reader: WorkerClient,
): Store {
  const { clock, path, log = silentLogger, maxBatchRows, maxWaitingRows, maxWaitingReads = 10_000 } = options;
  const { storeId, line, leftovers } = writer.opened as OpenedFile;
  if (leftovers !== undefined) warnOfLeftovers(log, path, leftovers);
  if (line.restoredWaiting !== undefined)
    log.warn(
      { path, waiting: line.restoredWaiting },
      "The store was restored from a copy: what waited in it is sent, also if it was sent since, and what came since the copy is not there.",
    );
  const guard = createDamageGuard(path, log);
  writer.onLost(guard.note);
  const reportListeners = new Listeners<AccountId, number>("reports", log);
  const commitListeners = new Listeners<Commit>("commit", log);
  const reads = createFairQueue(readsAtOnce, maxWaitingReads);
  let closing: Promise<void> | undefined;

  const reportLine: ReportLine = {
    id: line.id,
    former: line.former.map(({ id, lasts }) => ({ id, lastOf: (account) => lasts.get(account) ?? 0 })),
  };
  const tails = createReportTails({
    scanStored: (accountId, wanted) => scanReports(accountId, wanted),
    clock,
    lineOf: () => reportLine,
    onFollowed(accountId, mask) {
      const following: Following = { accountId, mask };
      // A writer that has ended has nothing at hand.
      writer.call(following).catch(() => undefined);
    },
  });

  async function run(batch: readonly WriteOperation[]): Promise<readonly unknown[]> {
    const startMs = clock.monotonic();
    const packed = batch.map(packOperation);
    const { outcomes, reports } = (await guard.run(() => writer.call(packed))) as CommittedBatch;
    const commit = { rows: batch.length, durationMs: clock.monotonic() - startMs };
    commitListeners.tell(commit, undefined);
    for (const { accountId, last, fresh } of reports) {
      tails.note(accountId, last, fresh);
      reportListeners.tell(accountId, last);
    }
    return batch.map((operation, index) => unpackOutcome(outcomes[index], operation));
  }

  const commits = createGroupCommit<WriteOperation, unknown>({
    run,
    clock,
    overlapRows,
    ...(maxBatchRows === undefined ? {} : { maxRows: maxBatchRows }),
    ...(maxWaitingRows === undefined ? {} : { maxWaitingRows }),
  });

  const writes = createWrites<WriteSteps>(commits);

  async function read<Kind extends keyof ReadSteps>(
    kind: Kind,
    input: ReadSteps[Kind]["input"],
    account?: AccountId,
  ): Promise<ReadSteps[Kind]["outcome"]> {
    if (closing !== undefined) throw new SmsError("SERVICE_UNAVAILABLE", "The store is closed.");
    const operation = { kind, input } as ReadOperation;
    return (await reads.run(account, () =>
      guard.run(() => reader.call(operation)),
    )) as ReadSteps[Kind]["outcome"];
  }

  const scanReports: Store["scanReports"] = async (accountId, { after, limit, states }) => {
    const mask = maskOf(states);
    return unpackScan(await read("scanReports", { accountId, after, limit, mask }, accountId), mask);
  };

  async function closeAll(): Promise<void> {
    await commits.close();
    await reader.close();
    await writer.close();
    lock.release();
  }

  return {
    id: storeId,
    line: reportLine,
    damage: () => guard.damage,
    join: (nowMs) => writes.write("join", nowMs),
    // One process owns the file: those before it are gone, and `join` has freed what they held.
    rescue: () => Promise.resolve(nothingRecovered),
    // Nothing more is sent once its outcome cannot be written.
    isLeaseHeld: () => guard.damage === undefined,
    onLeaseLost: () => () => {},
    sessions: allSessions,
    ...mapPort(writes),
    ...createRecords({ write: writes.write, read }),
    onWaiting: () => () => {},
    clean: (nowMs, retention, limit, signal) =>
      cleanAll(() => writes.write("clean", { nowMs, retention, limit }, { rows: limit }), signal),
    async readStatus(accountId, messageId, page) {
      const rows = await read("readStatus", { accountId, messageId, page }, accountId);
      return rows && statusPageOf(rows);
    },
    listMessages: async (accountId, filter, page) =>
      messagePageOf(await read("listMessages", { accountId, filter, page }, accountId)),
    findRequest: createRequestLookups((accountId, ids) =>
      read(
        "findRequests",
        ids.map((id) => ({ accountId, id })),
        accountId,
      ),
    ),
    readStates: (ids) => read("readStates", ids),
    async readReports(accountId, after, limit) {
      const { reports } = await scanReports(accountId, { after, limit, states: undefined });
      return reports;
    },
    scanReports,
    reportBounds: (accountId) => read("reportBounds", accountId, accountId),
    reportNumberBefore: (accountId, timeMs) => read("reportNumberBefore", { accountId, timeMs }, accountId),
    followReports: tails.follow,
    onReports: (listener) => reportListeners.add(listener),
    backlog: () => read("backlog", undefined),
    backup: (target) => guard.run(() => backupTo(path, target, options.keepFreeOctets ?? 0)),
    onCommit: (listener) => commitListeners.add(listener),
    close() {
      closing ??= closeAll();
      return closing;
    },
  };
}

/**
 * Opens the store on a PostgreSQL database as one of any number of replicas: migrates it, and maps the port onto one writing connection
 * with group commit, a few reading ones, and one for the lease and for hints.
 */
import { randomUUID } from "node:crypto";
import type { AccountId, GatewayId } from "../../domain/ids.ts";
import type { Clock } from "../../observability/clock.ts";
import type { ClockReading } from "../../observability/data-clock.ts";
import { Listeners } from "../../observability/listeners.ts";
import type { Logger } from "../../observability/logger.ts";
import { cleanAll } from "../cleaning.ts";
import { maskOf } from "../codes.ts";
import { createFollowedAccounts } from "../fresh-reports.ts";
import { mapPort } from "../map-port.ts";
import { createRecords } from "../records/facade.ts";
import { createReportTails } from "../report-tails.ts";
import { createRequestLookups } from "../request-lookups.ts";
import type { Store } from "../store.ts";
import { StoreUnavailableError } from "../store-unavailable-error.ts";
import { readBacklog } from "./backlog.ts";
import { refuseBackup } from "./backup.ts";
import { cleanOnce } from "./clean.ts";
import { connect, nameOf } from "./connect.ts";
import { driveRead } from "./drive-step.ts";
import { createGatewaySessions } from "./gateway-sessions.ts";
import { createHints } from "./hints.ts";
import { createLease, epochOf } from "./lease.ts";
import { migrateDatabase } from "./migrate-database.ts";
import { startPoll } from "./poll.ts";
import { reportBounds, reportNumberBefore, scanReports } from "./read-reports.ts";
import { listMessages, readStates, readStatus } from "./read-status.ts";
import { createReader } from "./reader.ts";
import { findRequests } from "./request-ids.ts";
import { createServerGuard, type ServerGuard } from "./server-guard.ts";
import { createSession, createSessionPool } from "./session.ts";
import { createWriter } from "./writer.ts";

export interface PostgresStoreOptions {
  /** `postgres://…` of each server of one database; the one that is not in recovery is used. */
  readonly urls: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
  /** Told at the start and with each renewal of the lease what the database's clock shows. */
  readonly onDatabaseTime?: (reading: ClockReading) => void;
  /** Names this replica, and no other that runs: joining waits for the lease of a former process of that name. A new one where none is given. */
  readonly replicaName?: string;
  /** How long a replica that says nothing keeps its claims; renewed each second. */
  readonly leaseMs?: number;
  readonly readers?: number;
  /** Rows of one writing batch at most. */
  readonly maxBatchRows?: number;
  /** Rows that may wait for a batch before new work is refused with OVERLOADED. */
  readonly maxWaitingRows?: number;
  /** Reads that may wait before further ones are refused with OVERLOADED. */
  readonly maxWaitingReads?: number;
}

type Commit = Parameters<Parameters<Store["onCommit"]>[0]>[0];

const defaultLeaseMs = 5_000;
/** How often joining looks whether its name is free, and how long beyond a lease. */
const joinRetryMs = 200;
const joinMarginMs = 1_000;

function nameTaken(urls: readonly string[], replicaId: string): StoreUnavailableError {
  return new StoreUnavailableError(
    "LOCKED",
    `${urls.map(nameOf).join(", ")}: another process takes part as replica ${replicaId}; end it, or give this one another store.replica.`,
  );
}

/** Rejects with StoreUnavailableError where the database cannot be reached or is not one of ours. */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const { urls, clock, log, onDatabaseTime } = options;
  const guard = createServerGuard({ monotonic: () => clock.monotonic(), log, onTime: onDatabaseTime });
  const { storeId } = await migrateDatabase(urls, guard.admit, { log });
  return createStore(options, storeId, guard);
}

function createStore(options: PostgresStoreOptions, storeId: string, guard: ServerGuard): Store {
  const { urls, clock, log, leaseMs = defaultLeaseMs, readers: readerCount = 3 } = options;
  const replicaId = options.replicaName ?? randomUUID();
  const sessionFor = (purpose: string) => ({
    open: () => connect({ urls, applicationName: `sms-relay ${replicaId} ${purpose}`, admit: guard.admit }),
    isCurrent: guard.isCurrent,
    clock,
  });
  const reportListeners = new Listeners<AccountId, number>("reports", log);
  const commitListeners = new Listeners<Commit>("commit", log);
  const waitingListeners = new Listeners<GatewayId | undefined>("waiting", log);
  const followed = createFollowedAccounts();
  const tails = createReportTails({
    scanStored: (accountId, wanted) => scanStored(accountId, wanted),
    clock,
    lineOf: () => guard.line,
    onFollowed: followed.set,
  });
  const tellReports = (accountId: AccountId, last: number) => {
    tails.note(accountId, last);
    reportListeners.tell(accountId, last);
  };
  const tellWaiting = (gatewayId: GatewayId | undefined) => waitingListeners.tell(gatewayId, undefined);

  const tellCommit = (rows: number, startMs: number) => {
    commitListeners.tell({ rows, durationMs: clock.monotonic() - startMs }, undefined);
  };

  const writer = createSession(sessionFor("writer"));
  const readers = createSessionPool(readerCount, sessionFor("reader"));
  const cleaner = createSession(sessionFor("cleaner"));
  const control = createSession({
    ...sessionFor("control"),
    onChange: (client) => {
      if (client !== undefined) hints.listen(client);
    },
  });
  const hints = createHints({
    replicaId,
    session: control,
    clock,
    onReports: (accountId, last) => {
      poll.note(accountId, last);
      tellReports(accountId, last);
    },
    onQueue: tellWaiting,
    onSessions: () => sessions.hear(),
  });
  const poll = startPoll({
    session: control,
    clock,
    onReports: tellReports,
    onQueue: tellWaiting,
  });
  const lease = createLease({
    replicaId,
    leaseMs,
    session: control,
    clock,
    log,
    onTime: options.onDatabaseTime,
  });
  const sessions = createGatewaySessions({
    replicaId,
    leaseMs,
    session: control,
    lease,
    clock,
    log,
    onNews: () => hints.sessions(),
  });

  const { close: closeWriter, ...writes } = createWriter({
    session: writer,
    lease,
    clock,
    maxBatchRows: options.maxBatchRows,
    maxWaitingRows: options.maxWaitingRows,
    log,
    followed,
    lineOf: () => guard.line,
    onCommitted: ({ reports, wokenQueues }, rows, startMs) => {
      tellCommit(rows, startMs);
      for (const { accountId, last, fresh } of reports) {
        poll.note(accountId, last);
        tails.note(accountId, last, fresh);
        tellReports(accountId, last);
      }
      hints.reports(reports);
      hints.queues(wokenQueues);
    },
  });
  const { read, readTogether } = createReader(readers, readerCount, options.maxWaitingReads ?? 10_000);
  let closing: Promise<void> | undefined;

  const scanStored: Store["scanReports"] = (accountId, { after, limit, states }) => {
    poll.watch(accountId);
    const query = { accountId, after, limit, mask: maskOf(states) };
    return read(accountId, (connection) => scanReports(connection, query));
  };

  async function closeAll(): Promise<void> {
    await closeWriter();
    poll.stop();
    await hints.close();
    await lease.end();
    await Promise.all([writer, readers, cleaner, control].map((session) => session.close()));
  }

  return {
    id: storeId,
    get line() {
      return guard.line;
    },
    damage: () => undefined,
    async join(nowMs) {
      const untilMs = clock.monotonic() + leaseMs + joinMarginMs;
      for (let isFirst = true; ; isFirst = false) {
        const sentMs = clock.monotonic();
        const joined = await writes.write("join", { replicaId, leaseMs, nowMs });
        if (joined !== undefined) {
          lease.hold(joined.claimant, sentMs);
          // Listening begins with the first use of the connection.
          await control.use(() => Promise.resolve());
          return joined;
        }
        if (sentMs >= untilMs) throw nameTaken(urls, replicaId);
        if (isFirst) log.info({ replica: replicaId }, "Another process had this name; its lease has to end.");
        await new Promise<void>((resolve) => void clock.setTimeout(resolve, joinRetryMs));
      }
    },
    rescue(nowMs) {
      const { claimant } = lease;
      const judge = claimant === undefined ? undefined : { replicaId, epoch: epochOf(claimant), leaseMs };
      return writes.write("rescue", { nowMs, judge });
    },
    isLeaseHeld: () => lease.isHeld(),
    onLeaseLost: (listener) => lease.onLost(listener),
    sessions,
    ...mapPort(writes),
    ...createRecords({
      write: writes.write,
      read: (kind, input, account) =>
        readTogether(account, (connection) => driveRead(connection, kind, input)),
    }),
    onWaiting: (listener) => waitingListeners.add(listener),
    clean: (nowMs, retention, limit, signal) =>
      cleanAll(async () => {
        const startMs = clock.monotonic();
        const cleaned = await cleanOnce(cleaner, { nowMs, retention, limit });
        tellCommit(cleaned.rows, startMs);
        return cleaned;
      }, signal),
    findRequest: createRequestLookups((accountId, ids) =>
      read(accountId, (connection) => findRequests(connection, accountId, ids)),
    ),
    readStatus: (accountId, messageId, page) =>
      readTogether(accountId, (connection) => readStatus(connection, { accountId, messageId, page })),
    listMessages: (accountId, filter, page) =>
      readTogether(accountId, (connection) => listMessages(connection, { accountId, filter, page })),
    readStates: (ids) => read(undefined, (connection) => readStates(connection, ids)),
    async readReports(accountId, after, limit) {
      return (await scanStored(accountId, { after, limit, states: undefined })).reports;
    },
    scanReports: scanStored,
    reportBounds: (accountId) => {
      poll.watch(accountId);
      return read(accountId, (connection) => reportBounds(connection, accountId));
    },
    reportNumberBefore: (accountId, timeMs) =>
      readTogether(accountId, (connection) => reportNumberBefore(connection, { accountId, timeMs })),
    followReports(accountId, states) {
      const following = tails.follow(accountId, states);
      return {
        scan(after, limit) {
          poll.watch(accountId);
          return following.scan(after, limit);
        },
        stop: following.stop,
      };
    },
    onReports: (listener) => reportListeners.add(listener),
    backlog: () => read(undefined, readBacklog),
    backup: () => Promise.reject(refuseBackup()),
    onCommit: (listener) => commitListeners.add(listener),
    close() {
      closing ??= closeAll();
      return closing;
    },
  };
}

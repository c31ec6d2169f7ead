/**
 * The writing side of the store. It gathers operations into batches, runs them on one connection, again where the server could not order
 * them, and gives up the claims of a commit that was not answered.
 */
import { randomFillSync } from "node:crypto";
import { createMessageIds } from "../../domain/ids.ts";
import type { Clock } from "../../observability/clock.ts";
import type { Logger } from "../../observability/logger.ts";
import type { AppendedReports, FollowedAccounts } from "../fresh-reports.ts";
import { createGroupCommit } from "../group-commit.ts";
import type { ReportLine } from "../reports.ts";
import { createWrites, type Writes } from "../writes.ts";
import { createDoubtfulClaims } from "./doubtful-claims.ts";
import type { Lease } from "./lease.ts";
import type { WriteOperation, WriteSteps } from "./operations.ts";
import { createQueueEnds } from "./queue-ends.ts";
import type { Session } from "./session.ts";
import { isWorthRetrying, storeErrorOf, UnknownCommitError } from "./store-error.ts";
import { type CommittedBatch, type WriterState, writeBatch } from "./write-batch.ts";

export interface WriterOptions {
  readonly session: Session;
  readonly lease: Pick<Lease, "claimant" | "mayClaim">;
  readonly clock: Clock;
  readonly maxBatchRows: number | undefined;
  readonly maxWaitingRows: number | undefined;
  readonly log: Logger;
  readonly followed: FollowedAccounts;
  readonly lineOf: () => ReportLine;
  /** Where it throws, the batch stands all the same. */
  readonly onCommitted: (committed: CommittedBatch, rows: number, startMs: number) => void;
}

export interface Writer extends Writes<WriteSteps> {
  /** Refuses what comes from now on and waits for what was handed in. */
  close(): Promise<void>;
}

const mostTries = 10;

function withoutFresh({ accountId, last }: AppendedReports[number]): AppendedReports[number] {
  return { accountId, last };
}

export function createWriter({
  session,
  lease,
  clock,
  maxBatchRows,
  maxWaitingRows,
  log,
  followed,
  lineOf,
  onCommitted,
}: WriterOptions): Writer {
  let incomingTimeMs = 0;
  const newIncomingId = createMessageIds(() => incomingTimeMs, randomFillSync);
  const state: WriterState = {
    laneEnds: [],
    queueEnds: createQueueEnds(),
    newIncomingId: (timeMs) => {
      incomingTimeMs = timeMs;
      return newIncomingId();
    },
    random: Math.random,
    followed,
  };
  const doubtful = createDoubtfulClaims(clock);

  async function run(batch: readonly WriteOperation[]): Promise<readonly unknown[]> {
    const startMs = clock.monotonic();
    const line = lineOf();
    const committed = await tryBatch(batch);
    // A server that was taken over meanwhile may have answered what the one that took over does not have.
    const reports = lineOf() === line ? committed.reports : committed.reports.map(withoutFresh);
    try {
      onCommitted({ ...committed, reports }, batch.length, startMs);
    } catch (err) {
      log.often.error({ err }, "Others could not be told of a commit; it stands.");
    }
    return committed.outcomes;
  }

  async function tryBatch(batch: readonly WriteOperation[]): Promise<CommittedBatch> {
    for (let tries = 1; ; tries += 1) {
      const released = doubtful.due();
      const claimant = lease.claimant;
      const release: readonly WriteOperation[] =
        released.length > 0 && claimant !== undefined
          ? [{ kind: "release", input: { claims: released, claimant, nowMs: clock.now() } }]
          : [];
      try {
        const options = { mayClaim: lease.mayClaim, monotonicMs: clock.monotonic() };
        const committed = await session.use((connection) =>
          writeBatch(connection, state, [...batch, ...release], options),
        );
        if (release.length > 0)
          doubtful.onReleased(released, committed.outcomes.at(-1) as WriteSteps["release"]["outcome"]);
        return { ...committed, outcomes: committed.outcomes.slice(0, batch.length) };
      } catch (error) {
        if (isWorthRetrying(error) && tries < mostTries) continue;
        if (error instanceof UnknownCommitError) doubtful.add(error.claimed);
        throw storeErrorOf(error);
      }
    }
  }

  const commits = createGroupCommit<WriteOperation, unknown>({
    run,
    clock,
    ...(maxBatchRows === undefined ? {} : { maxRows: maxBatchRows }),
    ...(maxWaitingRows === undefined ? {} : { maxWaitingRows }),
  });

  return { ...createWrites<WriteSteps>(commits), close: () => commits.close() };
}

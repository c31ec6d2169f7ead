/**
 * What the steps of one writing transaction share. Rows that it changes are locked and read first, changed in memory by the steps,
 * and written back together (locked-rows.ts); reports wait here for the transaction's last statement.
 */
import type { GatewayId } from "../../domain/ids.ts";
import { AcceptedCounts } from "../accepted-counts.ts";
import type { ClaimRef } from "../accepting.ts";
import type { LaneEnd } from "../commit-order.ts";
import type { FollowedAccounts } from "../fresh-reports.ts";
import type { PendingReport } from "../pending-report.ts";
import { createLockedRows, type LockedRows } from "./locked-rows.ts";
import type { QueueMove } from "./queue-ends.ts";
import type { Connection } from "./statement.ts";

export interface Transaction {
  readonly connection: Connection;
  readonly reports: PendingReport[];
  /** Of these accounts, reports say what they show where that is at hand. */
  readonly followed: FollowedAccounts;
  readonly rows: LockedRows;
  /** By lane number; a copy, which replaces the writer's once the transaction has committed. */
  readonly laneEnds: LaneEnd[];
  /** What is counted of accounts, locked right before counters of reports. */
  readonly counts: AcceptedCounts;
  /** How far claims have come, to be remembered after the commit. */
  readonly queueMoves: QueueMove[];
  /** Claimed in this transaction: to be given up should nobody learn whether it was committed. */
  readonly claimed: ClaimRef[];
  /** Queues that got waiting rows, for the hint to other replicas. */
  readonly wokenQueues: Set<GatewayId>;
  /** Statements on their way whose answers nothing waits for but the commit. */
  readonly sent: Promise<unknown>[];
}

export function beginTransaction(
  connection: Connection,
  laneEnds: readonly LaneEnd[],
  followed: FollowedAccounts,
): Transaction {
  return {
    connection,
    reports: [],
    followed,
    rows: createLockedRows(),
    laneEnds: [...laneEnds],
    counts: new AcceptedCounts(),
    queueMoves: [],
    claimed: [],
    wokenQueues: new Set(),
    sent: [],
  };
}

/** Lets a statement go on its way: whether it failed shows at the commit. */
export function send({ sent }: Pick<Transaction, "sent">, answer: Promise<unknown>): void {
  answer.catch(() => undefined);
  sent.push(answer);
}

/** What statements of one transaction share: the reports to append at its end, and what is known of queues and parked receipts. */
import { AcceptedCounts } from "../accepted-counts.ts";
import type { LaneEnd } from "../commit-order.ts";
import type { FollowedAccounts } from "../fresh-reports.ts";
import type { PendingReport } from "../pending-report.ts";

/** Known to the writer between transactions; replaced by the transaction's own copy once it has committed. */
export interface WriterState {
  /** By lane number. */
  readonly laneEnds: readonly LaneEnd[];
  readonly parkedReceipts: number;
  /** What the file says while no other process has opened it since. */
  readonly epoch: number;
}

export interface Transaction {
  readonly reports: PendingReport[];
  /** Of these accounts, reports say what they show where that is at hand. */
  readonly followed: FollowedAccounts;
  /** Whether something available waits, by `gateway lane`; a claim in the accepting transaction must not overtake it. */
  readonly hasWaiting: Map<string, boolean>;
  readonly laneEnds: LaneEnd[];
  readonly counts: AcceptedCounts;
  parkedReceipts: number;
  epoch: number;
}

export function beginTransaction(state: WriterState, followed: FollowedAccounts): Transaction {
  return {
    reports: [],
    followed,
    hasWaiting: new Map(),
    laneEnds: [...state.laneEnds],
    counts: new AcceptedCounts(),
    parkedReceipts: state.parkedReceipts,
    epoch: state.epoch,
  };
}

/** What statements of one transaction share: the reports to append at its end, and what is known of queues and parked receipts. */
import type { AccountId, DeliveryId } from "../../domain/ids.ts";
import type { ReportState } from "./codes.ts";

export interface PendingReport {
  readonly accountId: AccountId;
  readonly deliveryId: DeliveryId;
  readonly state: ReportState;
  readonly timeMs: number;
}

/** Known to the writer between transactions; replaced by the transaction's own copy once it has committed. */
export interface WriterState {
  /** The last `available_time` given to an accepted delivery, and the highest message id that has it: commit order (FIFO). */
  readonly availableTimeMs: number;
  readonly availableMessageId: string;
  readonly parkedReceipts: number;
}

export interface Transaction {
  readonly reports: PendingReport[];
  /** Whether something available waits, by `gateway lane`; a claim in the accepting transaction must not overtake it. */
  readonly hasWaiting: Map<string, boolean>;
  availableTimeMs: number;
  availableMessageId: string;
  parkedReceipts: number;
}

export function beginTransaction(state: WriterState): Transaction {
  return { reports: [], hasWaiting: new Map(), ...state };
}

/** A report that a transaction is going to append at its end. */
import type { AccountId, DeliveryId } from "../domain/ids.ts";
import type { ReportState } from "./codes.ts";
import type { ReportRow } from "./report-row.ts";

/** What a report shows of its delivery and its attempt, as its row would be read once the transaction has committed. */
export type DeliveryShown = Pick<
  ReportRow,
  | "recipient"
  | "gateway_id"
  | "segment_count"
  | "attempt_segment_count"
  | "code"
  | "reason"
  | "submit_time"
  | "done_time"
  | "parts"
>;

export interface PendingReport {
  readonly accountId: AccountId;
  readonly deliveryId: DeliveryId;
  readonly state: ReportState;
  readonly timeMs: number;
  /** Where somebody follows the account and the step had it at hand; taken back where the transaction changes more of it afterwards. */
  shown?: DeliveryShown | undefined;
}

/** Reports, their numbers and their readers as the port shows them. Times are milliseconds since the epoch. */
import type { DeliveryState, FailureReason } from "../domain/delivery-state.ts";
import type { AccountId, DeliveryId, GatewayId } from "../domain/ids.ts";
import type { E164 } from "../domain/message.ts";
import type { StatusCodeName } from "../domain/status-code.ts";
import type { PartView } from "./views.ts";

/** One report as stored: an event in the life of one delivery. */
export interface StoredReport {
  /** Consecutive within the account, from 1; number order is commit order. */
  readonly number: number;
  readonly timeMs: number;
  readonly deliveryId: DeliveryId;
  readonly recipient: E164;
  readonly sender: string;
  readonly clientReference: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly acceptTimeMs: number;
  readonly state: Exclude<DeliveryState, "SUBMITTING" | "SCHEDULED">;
  readonly code: StatusCodeName | undefined;
  readonly reason: FailureReason | undefined;
  readonly gatewayId: GatewayId | undefined;
  readonly segmentCount: number;
  readonly submitTimeMs: number | undefined;
  readonly doneTimeMs: number | undefined;
  /** Parts with the SMSC's ids and receipts (P10); empty for QUEUED. */
  readonly parts: readonly PartView[];
}

/** A stretch of an account's reports at one moment of the store. */
export interface ReportScan {
  /** Those that were wanted, ascending. */
  readonly reports: readonly StoredReport[];
  /** The first and last number that were looked at, wanted or not; undefined where there were none. */
  readonly first: number | undefined;
  readonly last: number | undefined;
  /** Several follow the account, and are given the same objects. */
  readonly isShared?: boolean;
}

/** An account's reports to one reader. */
export interface FollowedReports {
  /**
   * Looks through the reports with number > `after`, at most `limit`, for those in the states that are followed: among what was just
   * committed, else in the store. What stands before `after` is needed no more.
   */
  scan(after: number, limit: number): Promise<ReportScan>;
  /** Harmless when repeated. */
  stop(): void;
}

export interface ReportBounds {
  /** Number of the oldest report kept, or last + 1 when none is. */
  readonly oldest: number;
  /** Number of the last committed report; 0 before the first. */
  readonly last: number;
}

/** Report numbers mean the same within one line. A restored copy begins a new one, which shares the beginning of those before it. */
export interface ReportLine {
  readonly id: string;
  readonly former: readonly FormerLine[];
}

export interface FormerLine {
  readonly id: string;
  /** The account's last number that both lines share; 0 where there is none. */
  lastOf(accountId: AccountId): number;
}

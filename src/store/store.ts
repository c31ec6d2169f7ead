/**
 * The port of durability. Every write is one guarded step that is on disk when its promise resolves, and appends the reports it
 * causes in the same transaction; entries of one call, and of calls at the same time, share commits. Each entry has its own
 * outcome: a conflict is a value, and only a store that is away or broken throws (SmsError SERVICE_UNAVAILABLE / INTERNAL_ERROR).
 * Times are milliseconds since the epoch. Operations on cold data come from records/.
 */
import type { DeliveryState } from "../domain/delivery-state.ts";
import type { AccountId, ClaimantId, DeliveryId, GatewayId, MessageId } from "../domain/ids.ts";
import type { E164 } from "../domain/message.ts";
import type { IncomingPart, Receipt } from "../domain/receipt.ts";
import type {
  Acceptance,
  AcceptOutcome,
  Claim,
  ClaimRef,
  ClaimRequest,
  KnownRequest,
  Recovery,
} from "./accepting.ts";
import type { Retention } from "./cleaning.ts";
import type { GatewaySessions } from "./gateway-sessions.ts";
import type { Records } from "./records/facade.ts";
import type { FollowedReports, ReportBounds, ReportLine, ReportScan, StoredReport } from "./reports.ts";
import type {
  CancelOutcome,
  ReceiptOutcome,
  Settlement,
  SettleOutcome,
  StoredIncoming,
  TakenReceipts,
} from "./settling.ts";
import type { Overdue } from "./state-counts.ts";
import type { Backlog, ListFilter, MessagePage, StatusPage } from "./views.ts";

export interface Store extends Records {
  /** Made once with the schema, and kept by copies; API keys are hashed with it. */
  readonly id: string;
  /** Binds cursors. Another object once the database was taken over by a standby while the process runs. */
  readonly line: ReportLine;
  /** Why the store has turned itself off until it is restored, in words for an operator; undefined while it is in order. */
  damage(): string | undefined;

  /** Takes part as one process: voids the claims of former ones where that is certain, and returns the claimant to use. */
  join(nowMs: number): Promise<{ readonly claimant: ClaimantId; readonly recovery: Recovery }>;
  /** Frees the claims of processes that are gone; nothing to do where one process owns the store. */
  rescue(nowMs: number): Promise<Recovery>;
  /**
   * Whether what this process has claimed is still its own, by a monotonic clock and less a margin; always, where one process owns the
   * store. To be asked right before each write to a socket.
   */
  isLeaseHeld(): boolean;
  /** Called once this process was found gone and others took its claims: it has to join again. Returns the unsubscriber. */
  onLeaseLost(listener: () => void): () => void;
  /** How the sessions of gateways are divided among the processes on this store. */
  readonly sessions: GatewaySessions;
  /**
   * Called when another process may have put deliveries into a gateway's queue (undefined: into some queue). A hint, which may be
   * late or missing. Returns the unsubscriber.
   */
  onWaiting(listener: (gatewayId: GatewayId | undefined) => void): () => void;

  accept(entries: readonly Acceptance[]): Promise<readonly AcceptOutcome[]>;
  /** What a request id stands for; undefined where it is not known, or not any more. */
  findRequest(accountId: AccountId, id: string): Promise<KnownRequest | undefined>;
  claim(request: ClaimRequest): Promise<Claim>;
  /** QUEUED and claimed → SUBMITTING, before the first PDU of AT_MOST_ONCE; false where the claim was lost or cancelling was asked. */
  markSubmitting(
    claims: readonly ClaimRef[],
    claimant: ClaimantId,
    nowMs: number,
  ): Promise<readonly boolean[]>;
  /** Takes the next concatenation reference of a (sender, recipient) pair, 0 to 65,535. */
  takeReferences(
    pairs: readonly { readonly sender: string; readonly recipient: E164 }[],
    nowMs: number,
  ): Promise<readonly number[]>;
  settle(entries: readonly Settlement[]): Promise<readonly SettleOutcome[]>;
  recordReceipts(receipts: readonly Receipt[]): Promise<readonly ReceiptOutcome[]>;
  /** Looks again at parked receipts whose time has come, at most `limit`: the best part under their ids takes them. */
  takeParked(nowMs: number, limit: number): Promise<TakenReceipts>;
  recordUnparsableReceipt(gatewayId: GatewayId, raw: Uint8Array, arrivalTimeMs: number): Promise<void>;
  recordIncoming(parts: readonly IncomingPart[]): Promise<readonly StoredIncoming[]>;
  /** Undefined where the account has no such message. */
  cancel(
    accountId: AccountId,
    messageId: MessageId,
    nowMs: number,
  ): Promise<readonly CancelOutcome[] | undefined>;

  /** QUEUED and unclaimed past its time → EXPIRED, or UNKNOWN where something of it may have been sent; at most `limit`; how many. */
  expireDue(nowMs: number, limit: number): Promise<Overdue>;
  /**
   * SUBMITTED and silent past `expire_time + graceMs` → UNKNOWN (NO_RECEIPT), or what receipts say that a former release kept on an
   * earlier attempt and did not judge; at most `limit`; what they became.
   */
  endSilent(nowMs: number, graceMs: number, limit: number): Promise<Overdue>;
  /**
   * Moves waiting rows of queues that are not in `known` to `to`, or to what their gateway is called now, so that they are routed again;
   * how many.
   */
  adoptOrphans(
    known: readonly GatewayId[],
    to: GatewayId,
    limit: number,
    renamed: ReadonlyMap<GatewayId, GatewayId>,
  ): Promise<number>;
  /**
   * Brings receipts that wait under former names of gateways to today's, due to be looked at again: their parts may have been submitted
   * under either. At most `limit`; how many.
   */
  renameReceipts(renamed: ReadonlyMap<GatewayId, GatewayId>, nowMs: number, limit: number): Promise<number>;
  /**
   * Deletes and erases what retention has passed, at most `limit` rows a commit; how many rows in all. Ends between two commits once
   * `signal` says so.
   */
  clean(nowMs: number, retention: Retention, limit: number, signal?: AbortSignal): Promise<number>;

  readStatus(
    accountId: AccountId,
    messageId: MessageId,
    page: { readonly afterPosition: number; readonly limit: number; readonly view: "BASIC" | "FULL" },
  ): Promise<StatusPage | undefined>;
  /** Newest first; `before` excludes that id and newer ones. */
  listMessages(
    accountId: AccountId,
    filter: ListFilter,
    page: { readonly before: MessageId | undefined; readonly limit: number },
  ): Promise<MessagePage>;
  /** States of deliveries, for wait_for; in the order asked; undefined where unknown. */
  readStates(ids: readonly DeliveryId[]): Promise<readonly (DeliveryState | undefined)[]>;

  /** Reports with number > `after`, ascending, at most `limit`. */
  readReports(accountId: AccountId, after: number, limit: number): Promise<readonly StoredReport[]>;
  /** Looks through the reports with number > `after`, at most `limit`, for those in one of `states`; undefined for all. */
  scanReports(
    accountId: AccountId,
    scan: {
      readonly after: number;
      readonly limit: number;
      readonly states: ReadonlySet<StoredReport["state"]> | undefined;
    },
  ): Promise<ReportScan>;
  reportBounds(accountId: AccountId): Promise<ReportBounds>;
  /** The number of the last report before `timeMs`: reading after it starts at that time. */
  reportNumberBefore(accountId: AccountId, timeMs: number): Promise<number>;
  /** For one who reads on as reports are committed: those in these states (undefined: all) are kept at hand where they can be. */
  followReports(
    accountId: AccountId,
    states: ReadonlySet<StoredReport["state"]> | undefined,
  ): FollowedReports;
  /** Called after each commit that wrote reports, with the account's last number; returns the unsubscriber. */
  onReports(listener: (accountId: AccountId, last: number) => void): () => void;

  backlog(): Promise<Backlog>;
  /** Writes a consistent copy to a new file while running (SQLite only; others refuse). */
  backup(path: string): Promise<void>;
  /** Commits and rows of the last writes, for metrics. */
  onCommit(listener: (commit: { readonly rows: number; readonly durationMs: number }) => void): () => void;
  /** Waits for what was handed in, then closes; harmless when repeated. */
  close(): Promise<void>;
}

/**
 * The port of durability. Every write is one guarded step that is on disk when its promise resolves, and appends the reports it
 * causes in the same transaction; entries of one call, and of calls at the same time, share commits. Each entry has its own
 * outcome: a conflict is a value, and only a store that is away or broken throws (SmsError SERVICE_UNAVAILABLE / INTERNAL_ERROR).
 * Times are milliseconds since the epoch.
 */
import type { DeliveryState, FailureReason, FinalState } from "../domain/delivery-state.ts";
import type { AccountId, ClaimantId, DeliveryId, GatewayId, MessageId } from "../domain/ids.ts";
import type {
  AttemptOutcome,
  DeliveryProgress,
  DeliveryWork,
  E164,
  Lane,
  Message,
} from "../domain/message.ts";
import type { IncomingPart, Receipt } from "../domain/receipt.ts";
import type { StatusCodeName } from "../domain/status-code.ts";
import type { Encoding } from "../encoding/message-plan.ts";
import type { GatewaySessions } from "./gateway-sessions.ts";

// ---------------------------------------------------------------- accepting

/** What happened to one recipient of the request, by index; kept so that a repeated request gets the same answer. */
export type RecipientOutcome =
  | { readonly kind: "delivery"; readonly position: number }
  | { readonly kind: "refused"; readonly code: StatusCodeName };

export interface NewDelivery {
  readonly id: DeliveryId;
  readonly recipient: E164;
  readonly country: string | undefined;
  /** QUEUED, or REJECTED by policy with its code. */
  readonly admission:
    | {
        readonly kind: "queued";
        readonly gatewayId: GatewayId;
        readonly encoding: Encoding;
        readonly segmentCount: number;
      }
    | { readonly kind: "rejected"; readonly code: StatusCodeName; readonly reason: FailureReason };
  /** Asks for the claim in the accepting transaction; granted only when nothing older waits (FIFO). */
  readonly wantsClaim: boolean;
}

export interface Acceptance {
  readonly message: Message;
  readonly deliveries: readonly NewDelivery[];
  /** One for each recipient of the request, in order. */
  readonly recipientOutcomes: readonly RecipientOutcome[];
  readonly request: { readonly method: string; readonly id: string; readonly hash: string } | undefined;
  readonly claimant: ClaimantId;
}

export type AcceptOutcome =
  | {
      readonly kind: "accepted";
      /** The granted claims, in the order of the deliveries, with the references taken for multipart ones. */
      readonly claimed: readonly { readonly id: DeliveryId; readonly reference: number | undefined }[];
    }
  | { readonly kind: "replayed"; readonly messageId: MessageId }
  | { readonly kind: "request_id_reused" };

// ---------------------------------------------------------------- claiming

export interface ClaimRequest {
  readonly claimant: ClaimantId;
  /** Whose queue to claim from (the head candidate of the rows). */
  readonly gatewayId: GatewayId;
  readonly limits: Readonly<Record<Lane, number>>;
  readonly nowMs: number;
}

export interface Claim {
  readonly messages: readonly Message[];
  /** In the order (lane, available_time, id); their messages are found by the id. */
  readonly deliveries: readonly DeliveryWork[];
  /** When the next waiting row of this queue becomes available; undefined when none waits. */
  readonly nextAvailableTimeMs: number | undefined;
}

// ---------------------------------------------------------------- settling

export interface PartRecord {
  readonly number: number;
  readonly outcome: AttemptOutcome | "UNSENT";
  readonly smscMessageId: string | undefined;
  readonly matchKey: string | undefined;
  readonly commandStatus: number | undefined;
  readonly timeMs: number;
}

export interface AttemptRecord {
  /** From 1; a continued submission keeps its number and adds its parts. */
  readonly number: number;
  readonly gatewayId: GatewayId;
  readonly startTimeMs: number;
  readonly endTimeMs: number;
  readonly outcome: AttemptOutcome;
  readonly encoding: Encoding;
  readonly segmentCount: number;
  readonly reference: number | undefined;
  readonly parts: readonly PartRecord[];
  /** Why the other gateways were left out, and marks such as a failover after ambiguity; small. */
  readonly trace: AttemptTrace;
}

export interface AttemptTrace {
  readonly leftOut: readonly { readonly gatewayId: GatewayId; readonly reason: string }[];
  readonly marks: readonly string[];
}

export interface Settlement {
  readonly deliveryId: DeliveryId;
  readonly claimant: ClaimantId;
  readonly timeMs: number;
  readonly lane: Lane;
  /** Undefined when nothing was tried (expired before, no candidate, handed back). */
  readonly attempt: AttemptRecord | undefined;
  readonly verdict: /** Every part was accepted. With `expectsReceipts: false` it ends UNKNOWN (NO_RECEIPTS) in the same step. */
    | { readonly kind: "submitted"; readonly expectsReceipts: boolean }
    /** Back to QUEUED, unclaimed; CANCELLED instead where cancelling was asked and nothing may have been sent. */
    | {
        readonly kind: "retry";
        readonly gatewayId: GatewayId;
        readonly availableTimeMs: number;
        readonly progress: DeliveryProgress;
        readonly mayHaveBeenSent: boolean;
      }
    | {
        readonly kind: "final";
        readonly state: Extract<FinalState, "REJECTED" | "EXPIRED" | "UNKNOWN">;
        readonly code: StatusCodeName | undefined;
        readonly reason: FailureReason;
      };
}

export type SettleOutcome =
  | { readonly kind: "settled"; readonly state: DeliveryState }
  /** The claim was lost: no state changed, but the attempt and its ids were recorded. */
  | { readonly kind: "fenced" };

// ---------------------------------------------------------------- receipts and handsets

export type ReceiptOutcome =
  | {
      readonly kind: "matched";
      readonly deliveryId: DeliveryId;
      readonly state: DeliveryState;
      readonly isFirstFinal: boolean;
    }
  /** The delivery was final already and the receipt says otherwise (P9); kept on the part. */
  | { readonly kind: "contradicted"; readonly deliveryId: DeliveryId; readonly state: DeliveryState }
  /** Nothing matches yet; waits for the response to be committed (P2). */
  | { readonly kind: "parked" }
  /** Several parts match; none is taken (P1). */
  | { readonly kind: "not_unique" };

export interface StoredIncoming {
  readonly id: string;
  readonly isComplete: boolean;
}

// ---------------------------------------------------------------- cancelling

export interface CancelOutcome {
  readonly deliveryId: DeliveryId;
  readonly recipient: E164;
  /** CANCELLED now or before; PENDING: its attempt is running, it will be cancelled instead of retried; else too late. */
  readonly result: "CANCELLED" | "PENDING" | "TOO_LATE";
  readonly state: DeliveryState;
}

// ---------------------------------------------------------------- reading

export interface PartView {
  readonly number: number;
  readonly outcome: AttemptOutcome | "UNSENT";
  readonly smscMessageId: string | undefined;
  readonly commandStatus: number | undefined;
  readonly submitTimeMs: number;
  readonly receipt: ReceiptView | undefined;
  /** A later final receipt that says otherwise (P9); it changed nothing. */
  readonly contradiction?: ReceiptView;
}

export interface ReceiptView {
  readonly verdict: Receipt["verdict"];
  readonly stat: string;
  readonly err: string | undefined;
  readonly networkError: { readonly type: number; readonly code: number } | undefined;
  readonly doneTimeMs: number | undefined;
  readonly carrier: string | undefined;
  readonly arrivalTimeMs: number;
}

export interface AttemptView extends Omit<AttemptRecord, "parts"> {
  readonly parts: readonly PartView[];
}

export interface DeliveryView {
  readonly id: DeliveryId;
  readonly recipient: E164;
  readonly state: DeliveryState;
  readonly code: StatusCodeName | undefined;
  readonly reason: FailureReason | undefined;
  /** The head candidate, or the gateway that took it. */
  readonly gatewayId: GatewayId | undefined;
  readonly encoding: Encoding | undefined;
  readonly segmentCount: number;
  readonly submitTimeMs: number | undefined;
  readonly finalTimeMs: number | undefined;
  readonly attemptCount: number;
  /** Filled in the FULL view only. */
  readonly attempts: readonly AttemptView[];
}

export interface MessageView {
  readonly message: Omit<Message, "content"> & { readonly contentKind: "text" | "binary" };
  readonly deliveryCount: number;
  /** Deliveries by state, over all of the message. */
  readonly stateCounts: Readonly<Partial<Record<DeliveryState, number>>>;
  readonly recipientOutcomes: readonly RecipientOutcome[];
}

export interface StatusPage extends MessageView {
  readonly deliveries: readonly DeliveryView[];
  /** Position after which the next page starts; undefined at the end. */
  readonly nextPosition: number | undefined;
}

export interface ListFilter {
  readonly clientReference?: string;
  readonly acceptedFromMs?: number;
  readonly acceptedUntilMs?: number;
}

/** One report as stored: an event in the life of one delivery. */
export interface StoredReport {
  /** Consecutive within the account, from 1; number order is commit order. */
  readonly number: number;
  readonly timeMs: number;
  readonly deliveryId: DeliveryId;
  readonly recipient: E164;
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

/** A stretch of an account's reports, as one moment of the store had it. */
export interface ReportScan {
  /** Those that were wanted, ascending. */
  readonly reports: readonly StoredReport[];
  /** The first and last number that were looked at, wanted or not; undefined where there were none. */
  readonly first: number | undefined;
  readonly last: number | undefined;
}

export interface ReportBounds {
  /** Number of the oldest report kept, or last + 1 when none is. */
  readonly oldest: number;
  /** Number of the last committed report; 0 before the first. */
  readonly last: number;
}

export interface Subscription {
  readonly name: string;
  /** Number of the last acknowledged report. */
  readonly position: number;
  readonly createTimeMs: number;
  readonly acknowledgeTimeMs: number | undefined;
}

export type AcknowledgeOutcome = "acknowledged" | "unchanged" | "beyond_last" | "unknown_subscription";

export interface ApiKey {
  readonly id: string;
  readonly accountId: AccountId;
  readonly role: "ACCOUNT" | "OPERATOR";
  readonly name: string;
  /** HMAC-SHA256 of the secret, hexadecimal. */
  readonly hash: string;
  readonly createTimeMs: number;
  readonly revokeTimeMs: number | undefined;
}

/** What waits, for metrics, readiness and the bound on the backlog. */
export interface Backlog {
  readonly queued: number;
  readonly byQueue: readonly {
    readonly gatewayId: GatewayId;
    readonly lane: Lane;
    readonly count: number;
    readonly oldestTimeMs: number;
  }[];
  readonly parkedReceipts: number;
}

export interface Recovery {
  readonly claimsVoided: number;
  /** SUBMITTING under AT_MOST_ONCE, now UNKNOWN. */
  readonly endedUnknown: number;
}

export interface Retention {
  /** Bodies are erased this long after the last final state. */
  readonly bodiesMs: number;
  readonly reportsMs: number;
  readonly messagesMs: number;
  readonly requestIdsMs: number;
  readonly parkedReceiptsMs: number;
  readonly referencesMs: number;
  /** An SMSC id matches receipts until validity and this have passed. */
  readonly smscIdsMs: number;
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

export interface Store {
  /** Made once with the schema, and kept by copies; API keys are hashed with it. */
  readonly id: string;
  /** Binds cursors. */
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
  claim(request: ClaimRequest): Promise<Claim>;
  /** QUEUED and claimed → SUBMITTING, before the first PDU of AT_MOST_ONCE; false where the claim was lost or cancelling was asked. */
  markSubmitting(
    ids: readonly DeliveryId[],
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
  recordUnparsableReceipt(gatewayId: GatewayId, raw: Uint8Array, arrivalTimeMs: number): Promise<void>;
  recordIncoming(parts: readonly IncomingPart[]): Promise<readonly StoredIncoming[]>;
  /** Undefined where the account has no such message. */
  cancel(
    accountId: AccountId,
    messageId: MessageId,
    nowMs: number,
  ): Promise<readonly CancelOutcome[] | undefined>;

  /** QUEUED and unclaimed past its time → EXPIRED; at most `limit`; how many. */
  expireDue(nowMs: number, limit: number): Promise<number>;
  /** SUBMITTED and silent past `expire_time + graceMs` → UNKNOWN (NO_RECEIPT); at most `limit`; how many. */
  endSilent(nowMs: number, graceMs: number, limit: number): Promise<number>;
  /** Moves waiting rows of queues that are not in `known` to `to`, so that they are routed again; how many. */
  adoptOrphans(known: readonly GatewayId[], to: GatewayId, limit: number): Promise<number>;
  /** Deletes and erases what retention has passed, at most `limit` rows a commit; how many rows in all. */
  clean(nowMs: number, retention: Retention, limit: number): Promise<number>;

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
  ): Promise<readonly MessageView[]>;
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
  /** Called after each commit that wrote reports, with the account's last number; returns the unsubscriber. */
  onReports(listener: (accountId: AccountId, last: number) => void): () => void;

  /** The subscription, made at `initialPosition` where it is new. */
  openSubscription(
    accountId: AccountId,
    name: string,
    initialPosition: number,
    nowMs: number,
  ): Promise<Subscription>;
  acknowledge(
    accountId: AccountId,
    name: string,
    position: number,
    nowMs: number,
  ): Promise<AcknowledgeOutcome>;
  listSubscriptions(accountId: AccountId): Promise<readonly Subscription[]>;
  readSubscription(accountId: AccountId, name: string): Promise<Subscription | undefined>;
  deleteSubscription(accountId: AccountId, name: string): Promise<boolean>;

  /** False where the id is taken. */
  createKey(key: ApiKey): Promise<boolean>;
  listKeys(): Promise<readonly ApiKey[]>;
  revokeKey(id: string, nowMs: number): Promise<boolean>;

  pausedGateways(): Promise<
    readonly { readonly gatewayId: GatewayId; readonly reason: string; readonly timeMs: number }[]
  >;
  setPaused(
    gatewayId: GatewayId,
    pause: { readonly reason: string; readonly timeMs: number } | undefined,
  ): Promise<void>;

  backlog(): Promise<Backlog>;
  /** Writes a consistent copy to a new file while running (SQLite only; others refuse). */
  backup(path: string): Promise<void>;
  /** Commits and rows of the last writes, for metrics. */
  onCommit(listener: (commit: { readonly rows: number; readonly durationMs: number }) => void): () => void;
  /** Waits for what was handed in, then closes; harmless when repeated. */
  close(): Promise<void>;
}

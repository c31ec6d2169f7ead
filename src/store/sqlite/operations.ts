/** What the two workers are asked for: each operation's input and outcome. Structured clone carries both. */
import type { DeliveryState } from "../../domain/delivery-state.ts";
import type { AccountId, ClaimantId, DeliveryId, GatewayId } from "../../domain/ids.ts";
import type { E164 } from "../../domain/message.ts";
import type { IncomingPart, Receipt } from "../../domain/receipt.ts";
import type { Acceptance, AcceptOutcome, Claim, ClaimRef, ClaimRequest, KnownRequest } from "../accepting.ts";
import type { Cleaned, CleanRequest } from "../cleaning.ts";
import type { ApiKey, Backlog, BoundCredentials, Overdue, Recovery } from "../keeping.ts";
import type { AcknowledgeOutcome, ReportBounds, Subscription, SubscriptionKey } from "../reports.ts";
import type {
  CancelOutcome,
  ReceiptOutcome,
  Settlement,
  SettleOutcome,
  StoredIncoming,
  TakenReceipts,
} from "../settling.ts";
import type { ListRows, StatusRows } from "../status-rows.ts";
import type { AppendedReports } from "./append-reports.ts";
import type { BoundRequest } from "./bound-credentials.ts";
import type { CancelRequest } from "./cancel.ts";
import type { RequestQuery } from "./find-request.ts";
import type { PackedScan } from "./packed-scan.ts";
import type { GatewayPause, PauseRequest } from "./pauses.ts";
import type { ReportsQuery } from "./read-reports.ts";
import type { ListQuery, StatusQuery } from "./read-status.ts";
import type { TakeParkedRequest } from "./record-receipts.ts";
import type { OpenRequest, PositionRequest, SubscriptionsQuery } from "./subscriptions.ts";
import type { AdoptRequest, SweepRequest } from "./sweep.ts";

interface Step<Input, Outcome> {
  readonly input: Input;
  readonly outcome: Outcome;
}

export interface WriteSteps {
  readonly join: Step<number, { readonly claimant: ClaimantId; readonly recovery: Recovery }>;
  readonly accept: Step<Acceptance, AcceptOutcome>;
  readonly claim: Step<ClaimRequest, Claim>;
  readonly markSubmitting: Step<ClaimRef & { readonly claimant: ClaimantId }, boolean>;
  readonly takeReference: Step<
    { readonly sender: string; readonly recipient: E164; readonly nowMs: number },
    number
  >;
  readonly settle: Step<Settlement, SettleOutcome>;
  readonly recordReceipt: Step<Receipt, ReceiptOutcome>;
  readonly takeParked: Step<TakeParkedRequest, TakenReceipts>;
  readonly recordUnparsableReceipt: Step<
    { readonly gatewayId: GatewayId; readonly raw: Uint8Array; readonly arrivalTimeMs: number },
    undefined
  >;
  readonly recordIncoming: Step<IncomingPart, StoredIncoming>;
  readonly cancel: Step<CancelRequest, readonly CancelOutcome[] | undefined>;
  readonly expireDue: Step<SweepRequest, Overdue>;
  readonly endSilent: Step<SweepRequest & { readonly graceMs: number }, number>;
  readonly adoptOrphans: Step<AdoptRequest, number>;
  readonly clean: Step<CleanRequest, Cleaned>;
  readonly openSubscription: Step<OpenRequest, Subscription | undefined>;
  readonly acknowledge: Step<PositionRequest, AcknowledgeOutcome>;
  readonly deleteSubscription: Step<SubscriptionKey, boolean>;
  readonly createKey: Step<ApiKey, boolean>;
  readonly revokeKey: Step<{ readonly id: string; readonly nowMs: number }, boolean>;
  readonly setPaused: Step<PauseRequest, undefined>;
  readonly noteBound: Step<BoundRequest, undefined>;
}

export interface ReadSteps {
  readonly readStatus: Step<StatusQuery, StatusRows | undefined>;
  readonly listMessages: Step<ListQuery, ListRows>;
  readonly findRequest: Step<RequestQuery, KnownRequest | undefined>;
  readonly readStates: Step<readonly DeliveryId[], readonly (DeliveryState | undefined)[]>;
  readonly scanReports: Step<ReportsQuery, PackedScan>;
  readonly reportBounds: Step<AccountId, ReportBounds>;
  readonly reportNumberBefore: Step<{ readonly accountId: AccountId; readonly timeMs: number }, number>;
  readonly readSubscription: Step<SubscriptionKey, Subscription | undefined>;
  readonly readerEpochs: Step<readonly SubscriptionKey[], readonly (number | undefined)[]>;
  readonly listSubscriptions: Step<SubscriptionsQuery, readonly Subscription[]>;
  readonly listKeys: Step<undefined, readonly ApiKey[]>;
  readonly pausedGateways: Step<undefined, readonly GatewayPause[]>;
  readonly boundCredentials: Step<undefined, readonly BoundCredentials[]>;
  readonly backlog: Step<undefined, Backlog>;
}

type OperationOf<Steps> = {
  [Kind in keyof Steps]: Steps[Kind] extends Step<infer Input, unknown>
    ? { readonly kind: Kind; readonly input: Input }
    : never;
}[keyof Steps];

export type WriteOperation = OperationOf<WriteSteps>;
export type ReadOperation = OperationOf<ReadSteps>;

/** What a committed batch answers: an outcome for each operation, and the accounts that have new reports. */
export interface CommittedBatch {
  readonly outcomes: readonly unknown[];
  readonly reports: AppendedReports;
}

/** How long a connection waits for a lock that another process holds. */
export const busyTimeoutMs = 5_000;

/** What a worker is told first. */
export interface WorkerData {
  readonly path: string;
  /** Of the worker that writes: also a file that was copied into a database. */
  readonly startsCopied?: boolean;
  /** Of a thread that writes a whole file: so much of the disk stays free. */
  readonly keepFreeOctets?: number;
  /** Of the worker that copies: the new file. */
  readonly target?: string;
}

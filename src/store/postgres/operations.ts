/** What a writing batch and the readers are asked for: each operation's input and outcome. */
import type { ClaimantId, DeliveryId, GatewayId } from "../../domain/ids.ts";
import type { E164 } from "../../domain/message.ts";
import type { IncomingPart, Receipt } from "../../domain/receipt.ts";
import type { Acceptance, AcceptOutcome, Claim, ClaimRef, ClaimRequest } from "../accepting.ts";
import type { ApiKey, Overdue, Recovery } from "../keeping.ts";
import type { AcknowledgeOutcome, Subscription, SubscriptionKey } from "../reports.ts";
import type {
  CancelOutcome,
  ReceiptOutcome,
  Settlement,
  SettleOutcome,
  StoredIncoming,
  TakenReceipts,
} from "../settling.ts";
import type { BoundRequest } from "./bound-credentials.ts";
import type { CancelRequest } from "./cancel.ts";
import type { PauseRequest } from "./pauses.ts";
import type { Joined, JoinRequest, RescueRequest } from "./recover.ts";
import type { OpenRequest, PositionRequest } from "./subscriptions.ts";
import type { AdoptRequest, SweepRequest } from "./sweep.ts";

interface Step<Input, Outcome> {
  readonly input: Input;
  readonly outcome: Outcome;
}

export interface WriteSteps {
  readonly join: Step<JoinRequest, Joined | undefined>;
  readonly rescue: Step<RescueRequest, Recovery>;
  /** Gives up claims of a commit whose answer was lost; answers the deliveries that are not there, or not yet. */
  readonly release: Step<
    { readonly claims: readonly ClaimRef[]; readonly claimant: ClaimantId; readonly nowMs: number },
    readonly DeliveryId[]
  >;
  readonly accept: Step<Acceptance, AcceptOutcome>;
  readonly claim: Step<ClaimRequest, Claim>;
  readonly markSubmitting: Step<ClaimRef & { readonly claimant: ClaimantId }, boolean>;
  readonly takeReference: Step<
    { readonly sender: string; readonly recipient: E164; readonly nowMs: number },
    number
  >;
  readonly settle: Step<Settlement, SettleOutcome>;
  readonly recordReceipt: Step<Receipt, ReceiptOutcome>;
  readonly takeParked: Step<{ readonly nowMs: number; readonly limit: number }, TakenReceipts>;
  readonly recordUnparsableReceipt: Step<
    { readonly gatewayId: GatewayId; readonly raw: Uint8Array; readonly arrivalTimeMs: number },
    undefined
  >;
  readonly recordIncoming: Step<IncomingPart, StoredIncoming>;
  readonly cancel: Step<CancelRequest, readonly CancelOutcome[] | undefined>;
  readonly expireDue: Step<SweepRequest, Overdue>;
  readonly endSilent: Step<SweepRequest & { readonly graceMs: number }, number>;
  readonly adoptOrphans: Step<AdoptRequest, number>;
  readonly openSubscription: Step<OpenRequest, Subscription | undefined>;
  readonly acknowledge: Step<PositionRequest, AcknowledgeOutcome>;
  readonly deleteSubscription: Step<SubscriptionKey, boolean>;
  readonly createKey: Step<ApiKey, boolean>;
  readonly revokeKey: Step<{ readonly id: string; readonly nowMs: number }, boolean>;
  readonly setPaused: Step<PauseRequest, undefined>;
  readonly noteBound: Step<BoundRequest, undefined>;
}

export type WriteOperation = {
  [Kind in keyof WriteSteps]: { readonly kind: Kind; readonly input: WriteSteps[Kind]["input"] };
}[keyof WriteSteps];

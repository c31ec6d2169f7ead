/** What a writing batch is asked for in both stores: each operation's input and outcome. Cold ones are in records/. */
import type { AccountId, ClaimantId, GatewayId, MessageId } from "../domain/ids.ts";
import type { E164 } from "../domain/message.ts";
import type { IncomingPart, Receipt } from "../domain/receipt.ts";
import type { Acceptance, AcceptOutcome, Claim, ClaimRef, ClaimRequest } from "./accepting.ts";
import type { RecordWrites } from "./records/steps.ts";
import type {
  CancelOutcome,
  ReceiptOutcome,
  Settlement,
  SettleOutcome,
  StoredIncoming,
  TakenReceipts,
} from "./settling.ts";
import type { Overdue } from "./state-counts.ts";

export interface Step<Input, Outcome> {
  readonly input: Input;
  readonly outcome: Outcome;
}

export interface CancelRequest {
  readonly accountId: AccountId;
  readonly messageId: MessageId;
  readonly nowMs: number;
}

export interface SweepRequest {
  readonly nowMs: number;
  readonly limit: number;
}

export interface AdoptRequest {
  readonly known: readonly GatewayId[];
  readonly to: GatewayId;
  readonly limit: number;
  readonly renamed: ReadonlyMap<GatewayId, GatewayId>;
}

export interface RenameRequest {
  readonly renamed: ReadonlyMap<GatewayId, GatewayId>;
  readonly nowMs: number;
  readonly limit: number;
}

export interface WriteSteps extends RecordWrites {
  readonly accept: Step<Acceptance, AcceptOutcome>;
  readonly claim: Step<ClaimRequest, Claim>;
  readonly markSubmitting: Step<ClaimRef & { readonly claimant: ClaimantId }, boolean>;
  readonly takeReference: Step<
    { readonly sender: string; readonly recipient: E164; readonly nowMs: number },
    number
  >;
  readonly settle: Step<Settlement, SettleOutcome>;
  readonly recordReceipt: Step<Receipt, ReceiptOutcome>;
  readonly takeParked: Step<SweepRequest, TakenReceipts>;
  readonly recordUnparsableReceipt: Step<
    { readonly gatewayId: GatewayId; readonly raw: Uint8Array; readonly arrivalTimeMs: number },
    undefined
  >;
  readonly recordIncoming: Step<IncomingPart, StoredIncoming>;
  readonly cancel: Step<CancelRequest, readonly CancelOutcome[] | undefined>;
  readonly expireDue: Step<SweepRequest, Overdue>;
  readonly endSilent: Step<SweepRequest & { readonly graceMs: number }, Overdue>;
  readonly adoptOrphans: Step<AdoptRequest, number>;
  readonly renameReceipts: Step<RenameRequest, number>;
}

export type OperationOf<Steps> = {
  [Kind in keyof Steps]: Steps[Kind] extends Step<infer Input, unknown>
    ? { readonly kind: Kind; readonly input: Input }
    : never;
}[keyof Steps];

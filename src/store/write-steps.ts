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

/** What an operation takes and what it answers. */
export interface Signature<Input, Outcome> {
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
  readonly accept: Signature<Acceptance, AcceptOutcome>;
  readonly claim: Signature<ClaimRequest, Claim>;
  readonly markSubmitting: Signature<ClaimRef & { readonly claimant: ClaimantId }, boolean>;
  readonly takeReference: Signature<
    { readonly sender: string; readonly recipient: E164; readonly nowMs: number },
    number
  >;
  readonly settle: Signature<Settlement, SettleOutcome>;
  readonly recordReceipt: Signature<Receipt, ReceiptOutcome>;
  readonly takeParked: Signature<SweepRequest, TakenReceipts>;
  readonly recordUnparsableReceipt: Signature<
    { readonly gatewayId: GatewayId; readonly raw: Uint8Array; readonly arrivalTimeMs: number },
    undefined
  >;
  readonly recordIncoming: Signature<IncomingPart, StoredIncoming>;
  readonly cancel: Signature<CancelRequest, readonly CancelOutcome[] | undefined>;
  readonly expireDue: Signature<SweepRequest, Overdue>;
  readonly endSilent: Signature<SweepRequest & { readonly graceMs: number }, Overdue>;
  readonly adoptOrphans: Signature<AdoptRequest, number>;
  readonly renameReceipts: Signature<RenameRequest, number>;
}

export type OperationOf<Steps> = {
  [Kind in keyof Steps]: Steps[Kind] extends Signature<infer Input, unknown>
    ? { readonly kind: Kind; readonly input: Input }
    : never;
}[keyof Steps];

/** Messages, deliveries and attempts, and what of them waits, as the port shows them. Times are milliseconds since the epoch. */
import type { DeliveryState, FailureReason } from "../domain/delivery-state.ts";
import type { AccountId, DeliveryId, GatewayId, MessageId } from "../domain/ids.ts";
import type { AttemptOutcome, E164, Lane, Message } from "../domain/message.ts";
import type { Receipt } from "../domain/receipt.ts";
import type { StatusCodeName } from "../domain/status-code.ts";
import type { Encoding } from "../encoding/message-plan.ts";
import type { RecipientOutcome } from "./accepting.ts";
import type { AttemptRecord } from "./settling.ts";

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

export type ReceiptView = Pick<
  Receipt,
  "verdict" | "stat" | "err" | "networkError" | "doneTimeMs" | "carrier" | "arrivalTimeMs"
>;

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
  /** When the SMSC says it was done. */
  readonly doneTimeMs: number | undefined;
  /** Mobile country and network code that a receipt of its last attempt gave. */
  readonly carrier: string | undefined;
  readonly attemptCount: number;
  /** Filled in the FULL view only. */
  readonly attempts: readonly AttemptView[];
}

export interface MessageView {
  readonly message: Omit<Message, "content"> & { readonly contentKind: "text" | "binary" };
  readonly deliveryCount: number;
  /** Deliveries by state, over all of the message. */
  readonly stateCounts: Readonly<Partial<Record<DeliveryState, number>>>;
}

/** A page of messages: no more than were asked for, and fewer where looking for them or counting their deliveries takes long. */
export interface MessagePage {
  readonly messages: readonly MessageView[];
  /** `before` of the next page; undefined at the end. */
  readonly next: MessageId | undefined;
}

/** A page of one message: ends at its limit, or in the FULL view at 2 MiB. */
export interface StatusPage extends MessageView {
  readonly recipientOutcomes: readonly RecipientOutcome[];
  readonly deliveries: readonly DeliveryView[];
  /** Position after which the next page starts; undefined at the end. */
  readonly nextPosition: number | undefined;
}

export interface ListFilter {
  readonly clientReference?: string;
  readonly acceptedFromMs?: number;
  readonly acceptedUntilMs?: number;
}

/** A message as its account may read it, from a page of its deliveries on. */
export interface StatusQuery {
  readonly accountId: AccountId;
  readonly messageId: MessageId;
  readonly page: { readonly afterPosition: number; readonly limit: number; readonly view: "BASIC" | "FULL" };
}

/** An account's messages, newest first. */
export interface ListQuery {
  readonly accountId: AccountId;
  readonly filter: ListFilter;
  readonly page: { readonly before: MessageId | undefined; readonly limit: number };
}

/**
 * So many of the next to leave are looked at for the oldest: what is handed back because no gateway may carry it now moves behind others
 * that are younger.
 */
export const firstsLookedAt = 200;

/** What waits, for metrics, readiness and the bound on the backlog. */
export interface Backlog {
  /** QUEUED and unclaimed. */
  readonly queued: number;
  readonly byQueue: readonly {
    readonly gatewayId: GatewayId;
    readonly lane: Lane;
    readonly count: number;
    /** Acceptance of the oldest that no gateway was tried with yet, among the next to leave; undefined where all were tried. */
    readonly oldestTimeMs: number | undefined;
  }[];
  readonly parkedReceipts: number;
}

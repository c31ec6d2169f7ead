/**
 * The rows that a transaction works on, in memory: deliveries locked in the order of their ids, their attempts, the SMSC's ids and
 * parked receipts. Steps change them here; `sendRows` (write-rows.ts) sends what changed.
 */
import type { FailureReason, FinalState } from "../../domain/delivery-state.ts";
import type { AccountId, DeliveryId, GatewayId } from "../../domain/ids.ts";
import type { E164 } from "../../domain/message.ts";
import type { Receipt } from "../../domain/receipt.ts";
import type { StatusCodeName } from "../../domain/status-code.ts";
import type { PartCandidate } from "../match-receipt.ts";
import type { PartTuple } from "../part-tuple.ts";
import type { ReceiptOutcome } from "../settling.ts";
import type { Columns } from "./columns.ts";

/** A locked delivery. */
export interface DeliveryRow {
  readonly id: DeliveryId;
  readonly account_id: AccountId;
  readonly recipient: string;
  readonly lane: number;
  readonly at_most_once: number;
  readonly expire_time: number;
  readonly claim_number: number;
  state: number;
  claimed_by: string | null;
  is_cancel_requested: number;
  gateway_id: string | null;
  available_time: number;
  attempt_count: number;
  reference: number | null;
  code: string | null;
  reason: string | null;
  submit_time: number | null;
  final_time: number | null;
  done_time: number | null;
  progress: string | null;
}

export interface AttemptRow {
  readonly delivery_id: string;
  readonly number: number;
  readonly gateway_id: string;
  readonly start_time: number;
  readonly encoding: string;
  readonly segment_count: number;
  readonly reference: number | null;
  end_time: number;
  outcome: string;
  trace: string | null;
  parts: readonly PartTuple[];
}

/** All but the delivery's id. */
export const attemptTypes: Columns<Omit<AttemptRow, "delivery_id">> = {
  number: "integer",
  gateway_id: "text",
  start_time: "bigint",
  end_time: "bigint",
  outcome: "text",
  encoding: "text",
  segment_count: "integer",
  reference: "integer",
  trace: "text",
  parts: "text",
};

export interface SmscIdRow extends PartCandidate {
  /** Undefined until it is written. */
  readonly seq: number | undefined;
  readonly gateway_id: string;
  readonly delivery_id: DeliveryId;
  readonly expire_time: number;
}

/** A submitted part with its delivery and attempt, none of them locked. */
export interface FoundPart extends SmscIdRow {
  /** Null where cleaning has deleted the rows. */
  readonly account_id: AccountId | null;
  readonly recipient: E164;
  /** Of the delivery. */
  readonly current_gateway_id: GatewayId | null;
  readonly state: number;
  readonly submit_time: number | null;
  readonly attempt_count: number;
  readonly progress: string | null;
  readonly outcome: string | null;
  readonly segment_count: number;
  readonly parts: string;
}

export interface ParkedRow {
  /** Undefined until it is written. */
  readonly id: number | undefined;
  readonly gateway_id: string;
  readonly match_key: string;
  readonly raw_id: string;
  readonly arrival_time: number;
  /** JSON of the receipt without its raw octets. */
  readonly receipt: string;
  readonly raw: Uint8Array;
  /** When it is looked at again; null where only a response is waited for. */
  readonly due_time: number | null;
  /** The same in both rows of a receipt that names two ids. */
  readonly pair: string | null;
}

export interface StrayRow {
  readonly gateway_id: string;
  readonly why: "UNPARSABLE";
  readonly smsc_message_id: string | null;
  readonly arrival_time: number;
  readonly raw: Uint8Array;
}

/** What is left to know of a delivery that was submitted. */
export interface SubmittedDelivery {
  readonly id: DeliveryId;
  readonly account_id: AccountId;
  readonly recipient: E164;
  readonly expire_time: number;
}

export interface FinalMove {
  readonly to: FinalState;
  readonly code: StatusCodeName | undefined;
  readonly reason: FailureReason | undefined;
  readonly timeMs: number;
  readonly doneTimeMs: number | undefined;
}

/** What a receipt came to that the delivery's row was not locked for. */
export interface PlainEnd {
  /** What it was judged by. */
  readonly found: FoundPart;
  readonly accountId: AccountId;
  readonly deliveryId: DeliveryId;
  readonly move: FinalMove;
  readonly outcome: ReceiptOutcome;
  readonly attempt: number;
  readonly partsBefore: string;
  readonly parts: string;
}

/** Rows found under (gateway, key), whatever key it is. */
export type ByKey<Row> = Map<string, Row[]>;

export interface LockedRows {
  readonly deliveries: Map<DeliveryId, DeliveryRow>;
  /** Already SUBMITTED by this transaction, and not among the others. */
  readonly submitted: Map<DeliveryId, SubmittedDelivery>;
  /** Deliveries that these receipts have ended in this transaction, and that are not among the others. */
  readonly ended: Map<Receipt, PlainEnd>;
  readonly attempts: Map<string, AttemptRow>;
  readonly smscIds: ByKey<SmscIdRow>;
  /** In the order in which they came. */
  readonly parked: ByKey<ParkedRow>;
  readonly changedDeliveries: Set<DeliveryRow>;
  readonly newAttempts: Set<AttemptRow>;
  readonly changedAttempts: Set<AttemptRow>;
  readonly newSmscIds: Set<SmscIdRow>;
  readonly newParked: Set<ParkedRow>;
  readonly unparked: Set<ParkedRow>;
  readonly unparkedPairs: Set<string>;
  /** Looked at in vain, with the time of the next look. */
  readonly keptParked: Map<ParkedRow, number | null>;
  readonly strays: StrayRow[];
}

export function createLockedRows(): LockedRows {
  return {
    deliveries: new Map(),
    submitted: new Map(),
    ended: new Map(),
    attempts: new Map(),
    smscIds: new Map(),
    parked: new Map(),
    changedDeliveries: new Set(),
    newAttempts: new Set(),
    changedAttempts: new Set(),
    newSmscIds: new Set(),
    newParked: new Set(),
    unparked: new Set(),
    unparkedPairs: new Set(),
    keptParked: new Map(),
    strays: [],
  };
}

export function attemptKey(deliveryId: string, number: number): string {
  return `${deliveryId} ${number}`;
}

export function idKey(gatewayId: string, key: string): string {
  return `${gatewayId}\n${key}`;
}

export function addSmscId(rows: LockedRows, row: SmscIdRow): void {
  const key = idKey(row.gateway_id, row.match_key);
  const known = rows.smscIds.get(key);
  if (known === undefined) rows.smscIds.set(key, [row]);
  else known.push(row);
}

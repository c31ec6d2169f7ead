/**
 * How an acceptance crosses to the writer's thread: as the values of the rows that it becomes, flat. Structured clone writes the name of
 * every property of every object; measured for one recipient, 6.6 µs both ways as objects and 1.3 µs flat.
 */
import { type DeliveryId, deliveryIdOf, type MessageId, positionOf } from "../../domain/ids.ts";
import type { LimitOwner } from "../../domain/limit-owner.ts";
import type { Counted } from "../accepted-counts.ts";
import type { Acceptance, AcceptOutcome } from "../accepting.ts";
import { type OwnColumns, ownColumns, ownTypes } from "../delivery-row.ts";
import { type MessageInsert, messageInsert, messageTypes } from "../message-row.ts";

type MessageValue = MessageInsert[keyof MessageInsert];
type OwnValue = OwnColumns[keyof OwnColumns];

/** The columns of the values of a message, and of a delivery. */
export const messageColumnNames = Object.keys(messageTypes) as readonly (keyof MessageInsert)[];
export const ownColumnNames = Object.keys(ownTypes) as readonly (keyof OwnColumns)[];

export type PackedAcceptance = readonly [
  message: readonly MessageValue[],
  /** Of each delivery its position, whether it wants the claim, and its own columns; one after the other. */
  deliveries: readonly (OwnValue | boolean)[],
  request: Acceptance["request"],
  claimant: Acceptance["claimant"],
  /** How many messages count against limits, and against whose. */
  ...counted: readonly (number | LimitOwner)[],
];

/** How many claims were granted, where none took a reference and none was left out in between. */
export type PackedAcceptOutcome = number | AcceptOutcome;

/** Fields of an acceptance before what it counts. */
const rowFieldCount = 4;
/** Fields of a delivery before its columns. */
const ahead = 2;
const fieldCount = ahead + ownColumnNames.length;

export function packAcceptance(entry: Acceptance): PackedAcceptance {
  const deliveries: (OwnValue | boolean)[] = [];
  for (const delivery of entry.deliveries) {
    deliveries.push(positionOf(delivery.id), delivery.wantsClaim, ...Object.values(ownColumns(delivery)));
  }
  const { request, claimant, counted } = entry;
  const values = Object.values(messageInsert(entry));
  return counted === undefined
    ? [values, deliveries, request, claimant]
    : [values, deliveries, request, claimant, counted.count, ...counted.owners];
}

export function countedOf(packed: PackedAcceptance): Counted | undefined {
  if (packed.length === rowFieldCount) return undefined;
  const [count, ...owners] = packed.slice(rowFieldCount);
  return { count: count as number, owners: owners as LimitOwner[] };
}

export function unpackAcceptOutcome(packed: PackedAcceptOutcome, entry: Acceptance): AcceptOutcome {
  if (typeof packed !== "number") return packed;
  const claimed = entry.deliveries.slice(0, packed).map(({ id }) => ({ id, reference: undefined }));
  return { kind: "accepted", claimed };
}

export interface PackedDelivery {
  readonly id: DeliveryId;
  readonly wantsClaim: boolean;
  /** In the order of `ownColumnNames`. */
  readonly own: readonly OwnValue[];
}

export function deliveryCountOf([, deliveries]: PackedAcceptance): number {
  return deliveries.length / fieldCount;
}

export function deliveryAt(
  [, deliveries]: PackedAcceptance,
  messageId: MessageId,
  index: number,
): PackedDelivery {
  const at = index * fieldCount;
  return {
    id: deliveryIdOf(messageId, deliveries[at] as number),
    wantsClaim: deliveries[at + 1] === true,
    own: deliveries.slice(at + ahead, at + fieldCount) as OwnValue[],
  };
}

/** Reads one column among the values of a message. */
export function readMessage<Name extends keyof MessageInsert>(name: Name) {
  const at = messageColumnNames.indexOf(name);
  return ([message]: PackedAcceptance) => message[at] as MessageInsert[Name];
}

/** Reads one column among the own values of a delivery. */
export function readOwn<Name extends keyof OwnColumns>(name: Name) {
  const at = ownColumnNames.indexOf(name);
  return ({ own }: PackedDelivery) => own[at] as OwnColumns[Name];
}

/** The rows that accepting inserts: a message, and its deliveries. */
import type { Acceptance, NewDelivery } from "../accepting.ts";
import { stateCodes } from "../codes.ts";
import {
  type DecidedColumns,
  decidedTypes,
  type OwnColumns,
  ownColumns,
  ownTypes,
  repeatedTypes,
} from "../delivery-row.ts";
import { type MessageInsert, messageInsert, messageTypes } from "../message-row.ts";
import { createInsertRows } from "./columns.ts";
import { packOptional } from "./pack-text.ts";

type RepeatedColumns = Pick<MessageInsert, keyof typeof repeatedTypes>;
export type DeliveryInsert = OwnColumns & RepeatedColumns & DecidedColumns;

export const insertMessages = createInsertRows<MessageInsert>("messages", messageTypes, "id");
export const insertDeliveries = createInsertRows<DeliveryInsert>(
  "deliveries",
  { ...decidedTypes, ...ownTypes, ...repeatedTypes },
  "id",
);

export function messageRow(entry: Acceptance): MessageInsert {
  const row = messageInsert(entry);
  const text = packOptional(row.text);
  const client_reference = packOptional(row.client_reference);
  const isPlain = text === row.text && client_reference === row.client_reference;
  return isPlain ? row : { ...row, text, client_reference };
}

/** Of a delivery that nobody has claimed. */
export function deliveryRow(
  { account_id, lane, at_most_once, expire_time, accept_time }: MessageInsert,
  delivery: NewDelivery,
  availableTimeMs: number,
): DeliveryInsert {
  const own = ownColumns(delivery);
  return {
    id: delivery.id,
    available_time: availableTimeMs,
    claimed_by: null,
    claim_number: 0,
    reference: null,
    final_time: own.state === stateCodes.QUEUED ? null : accept_time,
    ...own,
    account_id,
    lane,
    at_most_once,
    expire_time,
  };
}

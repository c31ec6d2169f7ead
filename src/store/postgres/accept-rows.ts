/** The rows that accepting inserts: a message, and its deliveries. */
import type { Message } from "../../domain/message.ts";
import type { Acceptance, NewDelivery } from "../accepting.ts";
import { laneCodes, stateCodes, textEncodings } from "../codes.ts";
import { packOutcomes } from "../message-row.ts";
import { type Columns, createInsertRows } from "./columns.ts";
import type { Scalar } from "./pack-array.ts";
import { packOptional, packText } from "./pack-text.ts";

const messageInsert = {
  account_id: "text",
  id: "text",
  sender_kind: "smallint",
  sender: "text",
  content_kind: "smallint",
  text: "text",
  data: "bytea",
  udh: "bytea",
  lane: "smallint",
  at_most_once: "smallint",
  encoding: "smallint",
  transliterate: "smallint",
  max_segments: "smallint",
  fast: "smallint",
  client_reference: "text",
  metadata: "text",
  accept_time: "bigint",
  expire_time: "bigint",
  delivery_count: "integer",
  recipient_outcomes: "text",
} as const satisfies Columns<Record<string, Scalar>>;

const deliveryInsert = {
  id: "text",
  account_id: "text",
  recipient: "text",
  country: "text",
  state: "smallint",
  lane: "smallint",
  gateway_id: "text",
  at_most_once: "smallint",
  encoding: "text",
  segment_count: "integer",
  available_time: "bigint",
  expire_time: "bigint",
  claimed_by: "text",
  claim_number: "integer",
  reference: "integer",
  code: "text",
  reason: "text",
  final_time: "bigint",
} as const satisfies Columns<Record<string, Scalar>>;

export type MessageInsert = { readonly [Name in keyof typeof messageInsert]: Scalar };
export type DeliveryInsert = { -readonly [Name in keyof typeof deliveryInsert]: Scalar };

export const insertMessages = createInsertRows<MessageInsert>("messages", messageInsert, "id");
export const insertDeliveries = createInsertRows<DeliveryInsert>("deliveries", deliveryInsert, "id");

export function messageRow({ message, deliveries, recipientOutcomes }: Acceptance): MessageInsert {
  const { content } = message;
  const metadata = JSON.stringify(message.metadata);
  return {
    account_id: message.accountId,
    id: message.id,
    sender_kind: message.sender.kind === "NUMERIC" ? 0 : 1,
    sender: message.sender.address,
    content_kind: content.kind === "text" ? 0 : 1,
    text: content.kind === "text" ? packText(content.text) : null,
    data: content.kind === "binary" ? content.data : null,
    udh: content.kind === "binary" ? content.udh : null,
    lane: laneCodes[message.lane],
    at_most_once: message.duplicatePolicy === "AT_MOST_ONCE" ? 1 : 0,
    encoding: textEncodings.indexOf(message.encoding),
    transliterate: message.transliterate ? 1 : 0,
    max_segments: message.maxSegments,
    fast: message.premium ? 1 : 0,
    client_reference: packOptional(message.clientReference),
    metadata: metadata === "{}" ? null : metadata,
    accept_time: message.acceptTimeMs,
    expire_time: message.expireTimeMs,
    delivery_count: deliveries.length,
    recipient_outcomes: packOutcomes(recipientOutcomes, deliveries.length),
  };
}

export function deliveryRow(
  message: Message,
  delivery: NewDelivery,
  availableTimeMs: number,
): DeliveryInsert {
  const { admission } = delivery;
  const queued = admission.kind === "queued" ? admission : undefined;
  const rejected = admission.kind === "rejected" ? admission : undefined;
  return {
    id: delivery.id,
    account_id: message.accountId,
    recipient: delivery.recipient,
    country: delivery.country ?? null,
    state: queued === undefined ? stateCodes.REJECTED : stateCodes.QUEUED,
    lane: laneCodes[message.lane],
    gateway_id: queued?.gatewayId ?? null,
    at_most_once: message.duplicatePolicy === "AT_MOST_ONCE" ? 1 : 0,
    encoding: queued?.encoding ?? null,
    segment_count: queued?.segmentCount ?? 0,
    available_time: availableTimeMs,
    expire_time: message.expireTimeMs,
    claimed_by: null,
    claim_number: 0,
    reference: null,
    code: rejected?.code ?? null,
    reason: rejected?.reason ?? null,
    final_time: rejected === undefined ? null : message.acceptTimeMs,
  };
}

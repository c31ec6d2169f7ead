/** The columns of messages: how a message is written to them, and how it is read from a row. */
import type { AccountId, MessageId } from "../domain/ids.ts";
import type { Message, MessageContent, Sender } from "../domain/message.ts";
import type { StatusCodeName } from "../domain/status-code.ts";
import type { Acceptance, RecipientOutcome } from "./accepting.ts";
import { laneCodes, laneOf, senderTypeCodes, senderTypeOf, textEncodings } from "./codes.ts";

/** The columns that accepting writes, with their types at PostgreSQL. */
export const messageTypes = {
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
  sender_type: "smallint",
} as const;

export type MessageInsert = MessageRow &
  ContentRow & { readonly delivery_count: number; readonly recipient_outcomes: string | null };

/** In the order of `messageTypes`, so that its values alone say it all. */
export function messageInsert({ message, deliveries, recipientOutcomes }: Acceptance): MessageInsert {
  const { content } = message;
  const metadata = JSON.stringify(message.metadata);
  return {
    account_id: message.accountId,
    id: message.id,
    sender_kind: message.sender.kind === "NUMERIC" ? 0 : 1,
    sender: message.sender.address,
    content_kind: content.kind === "text" ? 0 : 1,
    text: content.kind === "text" ? content.text : null,
    data: content.kind === "binary" ? content.data : null,
    udh: content.kind === "binary" ? content.udh : null,
    lane: laneCodes[message.lane],
    at_most_once: message.duplicatePolicy === "AT_MOST_ONCE" ? 1 : 0,
    encoding: textEncodings.indexOf(message.encoding),
    transliterate: message.transliterate ? 1 : 0,
    max_segments: message.maxSegments,
    fast: message.premium ? 1 : 0,
    client_reference: message.clientReference ?? null,
    metadata: metadata === "{}" ? null : metadata,
    accept_time: message.acceptTimeMs,
    expire_time: message.expireTimeMs,
    delivery_count: deliveries.length,
    recipient_outcomes: packOutcomes(recipientOutcomes, deliveries.length),
    sender_type: message.sender.type === undefined ? null : senderTypeCodes[message.sender.type],
  } satisfies Record<keyof typeof messageTypes, unknown>;
}

export interface MessageRow {
  readonly account_id: AccountId;
  readonly id: MessageId;
  readonly sender_kind: number;
  readonly sender: string;
  /** NULL where the caller did not say it. */
  readonly sender_type: number | null;
  readonly content_kind: number;
  readonly lane: number;
  readonly at_most_once: number;
  readonly encoding: number;
  readonly transliterate: number;
  readonly max_segments: number;
  readonly fast: number;
  readonly client_reference: string | null;
  readonly metadata: string | null;
  readonly accept_time: number;
  readonly expire_time: number;
}

export interface ContentRow {
  readonly text: string | null;
  readonly data: Uint8Array | null;
  readonly udh: Uint8Array | null;
}

export const messageColumns = `account_id, id, sender_kind, sender, sender_type, content_kind, lane, at_most_once, encoding, transliterate,
  max_segments, fast, client_reference, metadata, accept_time, expire_time`;

export const contentColumns = "text, data, udh";

/** The message without its content. */
export function messageOf(row: MessageRow): Omit<Message, "content"> {
  return {
    id: row.id,
    accountId: row.account_id,
    sender: senderOf(row),
    lane: laneOf(row.lane),
    duplicatePolicy: row.at_most_once === 1 ? "AT_MOST_ONCE" : "AT_LEAST_ONCE",
    encoding: textEncodings[row.encoding] ?? "auto",
    transliterate: row.transliterate === 1,
    maxSegments: row.max_segments,
    premium: row.fast === 1,
    clientReference: row.client_reference ?? undefined,
    metadata: metadataOf(row.metadata),
    acceptTimeMs: row.accept_time,
    expireTimeMs: row.expire_time,
  };
}

function senderOf({ sender_kind, sender: address, sender_type }: MessageRow): Sender {
  const kind = sender_kind === 0 ? "NUMERIC" : "ALPHANUMERIC";
  return sender_type === null ? { kind, address } : { kind, address, type: senderTypeOf(sender_type) };
}

export function metadataOf(json: string | null): Readonly<Record<string, string>> {
  return json === null ? {} : (JSON.parse(json) as Record<string, string>);
}

/** Erased content reads as empty. */
export function contentOf(row: Pick<MessageRow, "content_kind"> & ContentRow): MessageContent {
  if (row.content_kind === 0) return { kind: "text", text: row.text ?? "" };
  return { kind: "binary", data: row.data ?? new Uint8Array(), udh: row.udh ?? new Uint8Array() };
}

/** NULL where recipient i is delivery i; else JSON with a position or a code for each recipient. */
export function packOutcomes(outcomes: readonly RecipientOutcome[], deliveryCount: number): string | null {
  const isPlain =
    outcomes.length === deliveryCount &&
    outcomes.every((outcome, index) => outcome.kind === "delivery" && outcome.position === index);
  if (isPlain) return null;
  return JSON.stringify(
    outcomes.map((outcome) => (outcome.kind === "delivery" ? outcome.position : outcome.code)),
  );
}

/** What `packOutcomes` packed: NULL where recipient i became delivery i. */
export function recipientOutcomesOf(json: string | null, deliveryCount: number): readonly RecipientOutcome[] {
  if (json === null) {
    return Array.from({ length: deliveryCount }, (_, position) => ({ kind: "delivery", position }));
  }
  const packed = JSON.parse(json) as readonly (number | StatusCodeName)[];
  return packed.map((value) =>
    typeof value === "number" ? { kind: "delivery", position: value } : { kind: "refused", code: value },
  );
}

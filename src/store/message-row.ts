/** A row of messages, and the message that it stands for. */
import type { AccountId, MessageId } from "../domain/ids.ts";
import type { Message, MessageContent } from "../domain/message.ts";
import type { StatusCodeName } from "../domain/status-code.ts";
import type { RecipientOutcome } from "./accepting.ts";
import { laneOf, textEncodings } from "./codes.ts";

export interface MessageRow {
  readonly account_id: AccountId;
  readonly id: MessageId;
  readonly sender_kind: number;
  readonly sender: string;
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

export const messageColumns = `account_id, id, sender_kind, sender, content_kind, lane, at_most_once, encoding, transliterate,
  max_segments, fast, client_reference, metadata, accept_time, expire_time`;

export const contentColumns = "text, data, udh";

/** The message without its content. */
export function messageOf(row: MessageRow): Omit<Message, "content"> {
  return {
    id: row.id,
    accountId: row.account_id,
    sender: { kind: row.sender_kind === 0 ? "NUMERIC" : "ALPHANUMERIC", address: row.sender },
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

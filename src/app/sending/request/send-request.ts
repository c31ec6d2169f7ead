/** A request to send, before and after it was checked. APIs fill the first form; only the second reaches anything else. */

import type { FieldViolation } from "../../../domain/errors.ts";
import type { E164, Lane, Message, MessageContent, Sender } from "../../../domain/message.ts";
import type { SenderType } from "../../../domain/sender.ts";
import type { ContentCategory } from "../../../policy/policy.ts";
import type { Unknown } from "../../calls/unknown.ts";

/** What a caller sent, field by field; empty strings and undefined stand for «not given». */
export interface SendSmsInput {
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly content: ContentInput | undefined;
  readonly requestId: string;
  readonly clientReference: string;
  /** Undefined for the default. */
  readonly lane: Lane | Unknown | undefined;
  /** Undefined for the default; NaN where the duration itself is malformed. */
  readonly validityMs: number | undefined;
  readonly encoding: Message["encoding"] | Unknown;
  readonly transliterate: boolean;
  /** 0 for the default. */
  readonly maxSegments: number;
  readonly premium: boolean;
  readonly duplicatePolicy: Message["duplicatePolicy"] | Unknown;
  readonly allowPartial: boolean;
  /** Undefined for the default. */
  readonly waitFor: WaitFor | Unknown | undefined;
  readonly dryRun: boolean;
  readonly metadata: Readonly<Record<string, string>>;
  readonly contentCategory: ContentCategory | Unknown;
  /** Of recipients in national form. */
  readonly regionCode: string;
  /** Undefined where it is to be told by its form. */
  readonly senderType: SenderType | Unknown | undefined;
  /** All of it as it was sent, in one spelling, to compare repeated request ids by; empty where no request id was given. */
  readonly canonical: string;
  /** What the API found wrong that no field above can show. */
  readonly wireFaults: readonly FieldViolation[];
}

export type WaitFor = "ACCEPTED" | "GATEWAY";

/** Content as sent in; the header has no length octet yet. */
export type ContentInput =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "binary"; readonly data: Uint8Array; readonly udh: Uint8Array };

/** One recipient of the request: a number, or undefined where it is malformed (allow_partial). */
export type ParsedRecipient = E164 | undefined;

/** A request in good form. */
export interface SendRequest {
  readonly sender: Sender;
  /** In the order of the request, duplicates included. */
  readonly recipients: readonly ParsedRecipient[];
  /** A header, where there is one, begins with its length octet. */
  readonly content: MessageContent;
  readonly requestId: string | undefined;
  readonly clientReference: string | undefined;
  /** As it was asked for; undefined for the account's default. */
  readonly lane: Lane | undefined;
  /** As it was asked for; undefined for the account's default. */
  readonly validityMs: number | undefined;
  readonly encoding: Message["encoding"];
  readonly transliterate: boolean;
  readonly maxSegments: number;
  readonly premium: boolean;
  readonly duplicatePolicy: Message["duplicatePolicy"];
  readonly waitFor: WaitFor;
  readonly dryRun: boolean;
  /** Pairs in ascending order of their keys. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly contentCategory: ContentCategory;
}

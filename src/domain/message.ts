/** What a message is once it has been checked: the types that the store, the router and the dispatcher share. */
import type { AccountId, DeliveryId, GatewayId, MessageId } from "./ids.ts";

/** A number in E.164 form with its plus: `^\+[1-9][0-9]{6,14}$`. */
declare const e164: unique symbol;
export type E164 = string & { readonly [e164]: true };

/** Priority classes; OTP goes first (semantics: lanes and their shares). */
export type Lane = "OTP" | "NORMAL" | "BULK";
export const lanes = ["OTP", "NORMAL", "BULK"] as const satisfies readonly Lane[];

/** What happens to a part whose fate is unknown (P12). */
export type DuplicatePolicy = "AT_LEAST_ONCE" | "AT_MOST_ONCE";

export type SenderKind = "NUMERIC" | "ALPHANUMERIC";

/** How a numeric sender is meant. */
export type NumericSenderType = "INTERNATIONAL" | "NATIONAL" | "SHORT_CODE";

export interface Sender {
  readonly kind: SenderKind;
  /** As the caller gave it, without a leading plus where numeric. */
  readonly address: string;
  /** Of a numeric one, where the caller said it; otherwise its form tells. */
  readonly type?: NumericSenderType;
}

/** The content as stored; `text` and `data` are erased some time after the last final state (P48). */
export type MessageContent =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "binary"; readonly data: Uint8Array; readonly udh: Uint8Array };

/** What holds for every delivery of a message. Times are milliseconds since the epoch. */
export interface Message {
  readonly id: MessageId;
  readonly accountId: AccountId;
  readonly sender: Sender;
  readonly content: MessageContent;
  readonly lane: Lane;
  readonly duplicatePolicy: DuplicatePolicy;
  readonly encoding: "auto" | "gsm7" | "ucs2";
  readonly transliterate: boolean;
  /** 1 to 255. */
  readonly maxSegments: number;
  /** Asks for premium gateways first. */
  readonly premium: boolean;
  readonly clientReference: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly acceptTimeMs: number;
  readonly expireTimeMs: number;
}

/** An attempt whose parts were all accepted, though a later one was begun. */
export interface AcceptedAttempt {
  /** Its number as recorded; absent in what earlier releases wrote. */
  readonly attempt?: number;
  readonly gatewayId: GatewayId;
  readonly expectsReceipts: boolean;
}

/** What a delivery remembers between two claims; once it is SUBMITTED only `accepted`, where that is not its last attempt. */
export interface DeliveryProgress {
  /** Number of the last attempt; 0 before the first. */
  readonly attemptCount: number;
  /** Temporary refusals spent, by gateway. */
  readonly temporaryRefusals: Readonly<Record<string, number>>;
  /** Gateways that refused this delivery for good. */
  readonly refusedBy: readonly GatewayId[];
  /** A started multipart submission that must go on at the same gateway under the same reference. */
  readonly resume?: {
    readonly gatewayId: GatewayId;
    readonly attempt: number;
    readonly reference: number;
    /** Numbers (from 1) of parts that the gateway has accepted. */
    readonly acceptedParts: readonly number[];
    /** Whether a part may have been sent without an answer. */
    readonly isAmbiguous: boolean;
  };
  /** Set once another gateway sends all parts again: whether some had been accepted before, or may have been. */
  readonly sentBefore?: "partly" | "ambiguous";
  /** Set where all parts of an earlier attempt were accepted while it was being sent again: it is SUBMITTED however that ends. */
  readonly accepted?: AcceptedAttempt;
  /** Attempts that left parts in doubt, by gateway: for want of an answer, and by losing their session. */
  readonly doubts?: Readonly<Record<string, { readonly unanswered: number; readonly lost: number }>>;
  /** Set where a process that held it died and may have sent it: how many attempts were known then; the next one is marked. */
  readonly afterCrash?: number;
}

/** The progress once the gateway is known to have accepted these parts of an attempt. */
export function acceptParts(
  progress: DeliveryProgress,
  attempt: number,
  numbers: Iterable<number>,
): DeliveryProgress {
  const { resume } = progress;
  if (resume === undefined || resume.attempt !== attempt) return progress;
  const accepted = new Set([...resume.acceptedParts, ...numbers]);
  if (accepted.size === resume.acceptedParts.length) return progress;
  const acceptedParts = [...accepted].sort((left, right) => left - right);
  return { ...progress, resume: { ...resume, acceptedParts } };
}

/** Whether a part may have been sent without anybody knowing (P12). */
export function isInDoubt({ resume, sentBefore }: DeliveryProgress): boolean {
  return resume?.isAmbiguous === true || sentBefore === "ambiguous";
}

export const noProgress: DeliveryProgress = { attemptCount: 0, temporaryRefusals: {}, refusedBy: [] };

/** One delivery as a dispatcher holds it; its message is kept beside it. */
export interface DeliveryWork {
  readonly id: DeliveryId;
  /** Of the claim under which it is held: what is said of it counts only while that claim stands. */
  readonly claimNumber: number;
  readonly recipient: E164;
  /** ISO 3166-1 alpha-2 code by libphonenumber; undefined where it knows none. */
  readonly country: string | undefined;
  readonly progress: DeliveryProgress;
  /** Concatenation reference taken when it was claimed; undefined for a single part. */
  readonly reference: number | undefined;
}

/** What is special about an attempt; a closed set. */
export type AttemptMark =
  /** All parts are sent again by another gateway although some may have been sent before (P12). */
  | "FAILOVER_AFTER_AMBIGUITY"
  /** All parts are sent again by another gateway although some were accepted before (P14). */
  | "FAILOVER_WITH_PARTS_ACCEPTED"
  /** A process that held it died and may have sent it: this may be its second copy. */
  | "AFTER_CRASH"
  /** It went on with the parts that were missing. */
  | "RESUMED"
  /** Its claim was lost: it is recorded and decides nothing. */
  | "FENCED";

/** How one submit to a gateway ended (semantics: outcomes of a submit). */
export type AttemptOutcome =
  | "ACCEPTED"
  | "REFUSED_RECIPIENT"
  | "REFUSED_ROUTE"
  | "REFUSED_ACCOUNT"
  | "TEMPORARY"
  | "THROTTLED"
  | "SESSION_LOST_BEFORE_WRITE"
  | "AMBIGUOUS"
  | "EXPIRED";

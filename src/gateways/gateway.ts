/**
 * The port of a gateway: it submits parts and passes on what comes back, and decides nothing about routes, retries or
 * states. Everything that goes wrong with a submit is a value, never an exception.
 */

import type { DeliveryId, GatewayId } from "../domain/ids.ts";
import type { E164, Sender } from "../domain/message.ts";
import type { IncomingPart, Receipt } from "../domain/receipt.ts";
import type { EncodingProfile, WirePart } from "../encoding/message-plan.ts";

export type GatewayStatus =
  /** At least one session can submit. */
  | { readonly kind: "ready" }
  | { readonly kind: "connecting"; readonly reason: string }
  /** Refused with credentials that were never accepted (P20), until it is resumed by hand. */
  | { readonly kind: "stopped"; readonly reason: string };

/** One part to be written, numbered from 1 within its delivery. */
export interface PartToSubmit {
  readonly number: number;
  readonly wire: WirePart;
}

export interface Submission {
  readonly deliveryId: DeliveryId;
  readonly sender: Sender;
  readonly recipient: E164;
  /** In order; they leave on one session with nothing of another delivery of that session between them. */
  readonly parts: readonly PartToSubmit[];
  readonly expireTimeMs: number;
  /**
   * Takes a token of the gateway's rate for one PDU right before it is written; undefined means «at once». The first part's token
   * has been taken by the caller.
   */
  readonly takeToken: () => Promise<void> | undefined;
}

/** The end of one session. Every part that it leaves in doubt carries the same object, so that they count as one misfortune. */
export interface SessionLoss {
  readonly timeMs: number;
}

/**
 * Where an answer goes that comes after its part was given up as ambiguous. Whoever receives the result puts a function here; it is called
 * at most once, with what the SMSC says after all: accepted or refused.
 */
export interface LateAnswer {
  onAnswer: (result: PartResult) => void;
}

/** What became of one part. Times are milliseconds since the epoch. */
export type PartResult =
  | {
      readonly kind: "accepted";
      readonly number: number;
      /** The SMSC's id as sent; undefined where the response had none. */
      readonly smscMessageId: string | undefined;
      /** The id in the gateway's configured form, by which receipts are matched (P1). */
      readonly matchKey: string | undefined;
      readonly timeMs: number;
    }
  | {
      readonly kind: "refused";
      readonly number: number;
      readonly refusal: "recipient" | "route" | "temporary" | "throttled" | "session";
      readonly commandStatus: number;
      readonly timeMs: number;
    }
  /** Written, and nobody knows (P12); the ambiguity hold is already over, and an answer may come yet. */
  | {
      readonly kind: "ambiguous";
      readonly number: number;
      /** The loss that took its answer; undefined where the session stood and the response timeout passed. */
      readonly loss: SessionLoss | undefined;
      /** Undefined where no answer can come any more. */
      readonly late?: LateAnswer | undefined;
      readonly timeMs: number;
    }
  /** Never written: the session went, an earlier part was refused, or its validity was over. */
  | {
      readonly kind: "unsent";
      readonly number: number;
      readonly why: "no_session" | "stopped" | "expired";
      readonly timeMs: number;
    };

/** What a gateway tells its owner. A promise that rejects makes the SMSC keep its message (ESME_RX_T_APPN). */
export interface GatewayListener {
  /** The status has changed, or the number of sessions that are kept. */
  onStatus(status: GatewayStatus): void;
  /** Room in a window may have opened. */
  onRoom(): void;
  /** Resolves once the receipt is committed; only then is deliver_sm answered. */
  onReceipt(receipt: Receipt): Promise<void>;
  /** A receipt that could not be parsed, kept raw. */
  onUnparsableReceipt(gatewayId: GatewayId, raw: Uint8Array, arrivalTimeMs: number): Promise<void>;
  onIncoming(part: IncomingPart): Promise<void>;
}

/** Figures for dashboards and ListGateways. */
export interface GatewayFigures {
  /** Connections in all, whichever process keeps them. */
  readonly sessions: number;
  /** Those that this process keeps. */
  readonly ownSessions: number;
  readonly boundSessions: number;
  /** PDUs written and unanswered. */
  readonly inFlight: number;
  readonly windowSize: number;
}

export interface Gateway {
  readonly id: GatewayId;
  readonly profile: EncodingProfile;
  /** Its sessions in all, numbered from 0; each is two connections where it sends and receives on different ones. */
  readonly sessionCount: number;
  status(): GatewayStatus;
  figures(): GatewayFigures;
  /** Submissions that can be taken now without waiting for a window; 0 while not ready. */
  room(): number;
  /** Never rejects. One result a part, in the order of `parts`. */
  submit(submission: Submission): Promise<readonly PartResult[]>;
  /** Connects and keeps connected: the sessions of these numbers, all where none are named. Harmless when repeated. */
  start(listener: GatewayListener, slots?: readonly number[]): void;
  /** Keeps one more session connected, by its number from 0; harmless when repeated. */
  openSession(slot: number): void;
  /**
   * Gives one session up: it takes no further part, waits for unanswered PDUs until `graceMs` is over, or as long as an answer may
   * take, and closes. Resolves once it is closed; harmless when repeated.
   */
  closeSession(slot: number, graceMs?: number): Promise<void>;
  /** Lets so many PDUs of a session be unanswered from now on; its sessions stay. */
  resize(window: number): void;
  /** Binds again after a stop for a wrong password; links that wait for their next try make it at once. */
  resume(): void;
  /** Waits for unanswered PDUs until `graceMs` is over, unbinds and closes; harmless when repeated. */
  stop(graceMs: number): Promise<void>;
}

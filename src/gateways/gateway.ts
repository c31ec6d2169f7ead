/**
 * The port of a gateway: it submits what a plan says and passes on what comes back, and decides nothing about routes, retries or
 * states. It speaks of content; what goes on the wire is the adapter's. Everything that goes wrong with a submit is a value, never an
 * exception.
 */

import type { DeliveryId, GatewayId } from "../domain/ids.ts";
import type { E164, Lane, Sender } from "../domain/message.ts";
import type { IncomingPart, Receipt } from "../domain/receipt.ts";
import type { EncodingProfile, MessagePlan } from "../encoding/message-plan.ts";
import type { Callback, CallbackAnswer } from "./callback.ts";

export type GatewayStatus =
  /** At least one session can submit. */
  | { readonly kind: "ready" }
  | { readonly kind: "connecting"; readonly reason: string }
  /** Refused with credentials that were never accepted (P20), until it is resumed by hand. */
  | { readonly kind: "stopped"; readonly reason: string }
  /** It asked to be left alone for a while, or refuses our account for now. The adapter says when that is over. */
  | { readonly kind: "held"; readonly reason: string };

export interface Submission {
  readonly deliveryId: DeliveryId;
  /** With the delivery it names this handing over; one that goes on with missing parts keeps its number. */
  readonly attempt: number;
  readonly lane: Lane;
  readonly premium: boolean;
  readonly sender: Sender;
  readonly recipient: E164;
  /** Made for the gateway's profile. */
  readonly plan: MessagePlan;
  /** Ties the parts of a long message together where the plan says so; else undefined. */
  readonly reference: number | undefined;
  /**
   * Numbers, from 1 and ascending, of the plan's parts that are still to be written. They leave on one session with nothing of another
   * delivery of that session between them.
   */
  readonly partNumbers: readonly number[];
  readonly expireTimeMs: number;
  /**
   * Takes a token of the gateway's rate for one PDU right before it is written; undefined means «at once». The first part's token
   * has been taken by the caller.
   */
  readonly takeToken: () => Promise<void> | undefined;
}

/**
 * What befell several parts at once: the end of their session, or the end of the one call that they shared. Each of them carries the same
 * object, so that they count as one.
 */
export interface Misfortune {
  /** The session or the connection went, no answer came in time, or the answer refused all. */
  readonly kind: "lost" | "unanswered" | "refused";
}

/** What the other side answered, as received. */
export interface Answer {
  readonly protocol: "smpp" | "http";
  /** command_status, or the HTTP status. */
  readonly status: number;
  /** The provider's own code, where there is one beside the status. */
  readonly code?: string | undefined;
}

/**
 * Where an answer goes that comes after its part was given up as ambiguous. Whoever receives the result puts a function here; it is called
 * at most once, with what the SMSC says after all: accepted or refused.
 */
export interface LateAnswer {
  onAnswer: (result: PartResult) => void;
}

/** What became of one part; a gateway that cuts the text itself may tell of more parts than were asked for, numbered on. Times are milliseconds since the epoch. */
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
      /**
       * account: our account there is refused, and the status says for how long; the delivery is not to blame and goes elsewhere.
       * session: that session takes nothing and is made anew.
       */
      readonly refusal: "recipient" | "route" | "account" | "temporary" | "throttled" | "session";
      readonly answer: Answer;
      /** Of a refused route: nothing of the message explains it, so that it counts against the gateway's circuit. */
      readonly blamesGateway?: boolean;
      /** Where one refusal was the answer to several deliveries. */
      readonly misfortune?: Misfortune | undefined;
      readonly timeMs: number;
    }
  /** Written, and nobody knows (P12); the ambiguity hold is already over, and an answer may come yet. */
  | {
      readonly kind: "ambiguous";
      readonly number: number;
      /** What took its answer; undefined where it is the only one that went unanswered. */
      readonly misfortune: Misfortune | undefined;
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
  /** Only of gateways that are called back; `addressedTo` is the id in the address, its own or one that it had. Needs no session. */
  readonly takeCallback?: (callback: Callback, addressedTo: string) => Promise<CallbackAnswer>;
  /** Binds again after a stop for a wrong password; links that wait for their next try make it at once. */
  resume(): void;
  /** Waits for unanswered PDUs until `graceMs` is over, unbinds and closes; harmless when repeated. */
  stop(graceMs: number): Promise<void>;
}

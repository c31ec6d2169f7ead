/** The options of a connection, and the values that it answers with. */
import type { Clock } from "../observability/clock.ts";
import type { MalformedPdu } from "./decode-pdu.ts";
import type { FramingFault } from "./framer.ts";
import type { Pdu, PduOf, RequestName, ResponseName } from "./pdu.ts";

/** What the peer said to a request: its response, or generic_nack with the request's sequence number. */
export type Answer<C extends RequestName = RequestName> =
  | { readonly kind: "response"; readonly pdu: { [K in C]: PduOf<ResponseName<K>> }[C] }
  | { readonly kind: "nack"; readonly command_status: number };

/** How a request ended. */
export type RequestOutcome<C extends RequestName = RequestName> =
  | Answer<C>
  /** No answer in time; one that comes later is handed to `onLateAnswer` under this sequence number. */
  | { readonly kind: "timeout"; readonly sequence_number: number }
  /** The connection is gone. `written` is false when the PDU certainly never left, true when nobody knows. */
  | { readonly kind: "lost"; readonly written: boolean }
  /** Nothing was sent, because the window has no place left. */
  | { readonly kind: "window-full" };

/** An answer to a request that had ended as `timeout` on this connection. */
export interface LateAnswer {
  readonly sequence_number: number;
  readonly outcome: Answer;
}

/** A request of the peer that the owner of the connection has to answer with `respond`. */
export type IncomingRequest = {
  [C in Exclude<RequestName, "enquire_link" | "unbind">]: PduOf<C>;
}[Exclude<RequestName, "enquire_link" | "unbind">];

/** Why a connection closed. */
export type CloseReason =
  | { readonly kind: "unbound"; readonly by: "us" | "peer" }
  /** The peer closed without unbinding. */
  | { readonly kind: "ended" }
  | { readonly kind: "error"; readonly error: Error }
  /** enquire_link went unanswered too often. */
  | { readonly kind: "silent" }
  | FramingFault
  /** The owner closed it. */
  | { readonly kind: "dropped" };

/** Something odd from the peer that is worth a log line and harms nobody. */
export type ConnectionFault =
  | MalformedPdu
  /** A response or generic_nack that answers nothing: unknown sequence number, or another command's response. */
  | { readonly kind: "unexpected-answer"; readonly pdu: Pdu }
  /** A bind was answered under another sequence number than its own, `asked`; the answer was taken. */
  | { readonly kind: "renumbered-answer"; readonly pdu: Pdu; readonly asked: number };

/** `Connection`, handed over with each event, is the connection that has these options. */
export interface ConnectionOptions<Connection> {
  readonly clock: Clock;
  /** Most requests without an answer at a time. */
  readonly window: number;
  readonly responseTimeoutMs: number;
  /** Silence after which enquire_link is sent, from `watch` on; 0 never sends one. */
  readonly enquireLinkIntervalMs: number;
  readonly enquireLinkTimeoutMs: number;
  readonly enquireLinkMissLimit: number;
  /**
   * Whether requests of the window may still be written; asked right before each write to the socket, also of those that waited for
   * it to drain. What may not is lost unwritten. Absent where nobody else can have the connection.
   */
  readonly mayWrite?: () => boolean;
  /** Longest PDU taken; default about 65 KiB. */
  readonly maxPduOctets?: number;
  /**
   * Takes each request of the peer except enquire_link and unbind, which the connection answers by itself. `frame` is the
   * request as it came, a view that only lasts for the call.
   */
  readonly onRequest: (pdu: IncomingRequest, connection: Connection, frame: Buffer) => void;
  /** Takes outbind and alert_notification, which have no answer. */
  readonly onNotification?: (
    pdu: PduOf<"outbind"> | PduOf<"alert_notification">,
    connection: Connection,
  ) => void;
  /**
   * The peer unbinds, or closes its half: nothing new is sent, and what was not written is lost. Answers of both sides that are still
   * owed may come and go until `finish` is called, which answers the unbinding and closes. Absent: at once.
   */
  readonly onDeparture?: (finish: () => void, connection: Connection) => void;
  readonly onLateAnswer?: (late: LateAnswer, connection: Connection) => void;
  readonly onFault?: (fault: ConnectionFault, connection: Connection) => void;
  /** Called each time that a place in the window becomes free. */
  readonly onRoom?: (connection: Connection) => void;
  /** Called once; all outcomes are settled by then. */
  readonly onClose: (reason: CloseReason, connection: Connection) => void;
}

/** What the sending of one message has to know of its call. */
import type { Limited, Together } from "../calls/limits.ts";
import type { Place } from "../calls/work-in-hand.ts";

export interface SendSmsCall extends Limited {
  /** One of many cannot wait for gateways, and a stream requires request ids. */
  readonly method: "SendSms" | "SendSmsStream" | "SendSmsBatch";
  /** Milliseconds since the epoch; Infinity for none. */
  readonly deadlineMs: number;
  /** Its signal, which the door makes when it is asked for, tells that the caller has gone; only calls that wait ask. */
  readonly caller: { readonly signal: AbortSignal };
  /** Of the message among the work in hand; the door leaves it where the message is not stored. */
  readonly place: Place;
  /** Of messages of one call. */
  readonly together?: Together;
}

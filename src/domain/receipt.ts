/** What comes back from a gateway, in our words: receipts, and messages from handsets. */
import type { GatewayId } from "./ids.ts";

/** An SMSC's id for a message, and the form in which it is looked up. */
export interface ReceiptedId {
  readonly smscMessageId: string;
  readonly matchKey: string;
}

/** What one receipt says, in our words. */
export interface Receipt extends ReceiptedId {
  readonly gatewayId: GatewayId;
  /** The former names of its gateway: parts submitted under these are its own. Absent where it had none. */
  readonly formerGatewayIds?: readonly GatewayId[];
  /** The id in its text, where receipted_message_id has another; tried where that one leads nowhere. */
  readonly otherId: ReceiptedId | undefined;
  /** Its source: the destination of the message it is about, as the SMSC spells it; undefined where absent. */
  readonly recipient: string | undefined;
  /** Its destination: the sender of that message, or the recipient where an SMSC does not swap the two. */
  readonly sender: string | undefined;
  /** When the SMSC says it took the message, mostly to the minute. */
  readonly submitTimeMs: number | undefined;
  /** Final states end a part; «recorded» ones change nothing. */
  readonly verdict: "DELIVERED" | "EXPIRED" | "UNDELIVERABLE" | "REJECTED" | "RECORDED";
  /** `stat` or the name of message_state, as received. */
  readonly stat: string;
  /** `err` of the text, as received. */
  readonly err: string | undefined;
  /** network_error_code: type octet and 16-bit code. */
  readonly networkError: { readonly type: number; readonly code: number } | undefined;
  readonly doneTimeMs: number | undefined;
  /** Mobile country and network code by the gateway's configured TLV; never guessed. */
  readonly carrier: string | undefined;
  readonly arrivalTimeMs: number;
  /** How long the response that it belongs to may still come: the gateway's responseTimeout. */
  readonly waitMs: number;
  /** short_message or message_payload as received. */
  readonly raw: Uint8Array;
  /** Whether this gateway sends one receipt for all parts of a delivery. */
  readonly coversAllParts: boolean;
}

/** A message from a handset, or one part of it. */
export interface IncomingPart {
  readonly gatewayId: GatewayId;
  readonly from: string;
  /** Whether the network calls it a national number. */
  readonly isFromNational?: boolean;
  readonly to: string;
  readonly dataCoding: number;
  readonly text: string | undefined;
  readonly data: Uint8Array;
  readonly udh: Uint8Array;
  readonly concatenation:
    | { readonly reference: number; readonly total: number; readonly sequence: number }
    | undefined;
  readonly arrivalTimeMs: number;
}

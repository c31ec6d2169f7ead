/**
 * The places where a hostile behaviour may meddle: binding, taking a submit, answering it, sending its receipts. The
 * simulator asks the chain at each of them and does what it is told.
 */
import type { PduContent, PduOf } from "../../smpp/pdu.ts";
import type { ReceiptFields } from "../../smpp/receipt-text.ts";

/** Answers whether a behaviour strikes at the occasion at hand. */
export type Strikes = () => boolean;

/** What a behaviour may do to a connection. */
export interface ConnectionHandle {
  /** Closes it in good order, resets it, or stops reading and answering with the socket open. */
  drop(how: "close" | "reset" | "silence"): void;
  unbind(): void;
  /** Writes octets as they are. */
  write(octets: Buffer): void;
}

export interface BindContext {
  readonly connection: ConnectionHandle;
  readonly systemId: string;
}

export interface SubmitContext {
  readonly connection: ConnectionHandle;
  readonly pdu: PduOf<"submit_sm"> | PduOf<"data_sm">;
  /** Monotonic. */
  readonly nowMs: number;
}

/** What is sent for one submit. */
export interface Answer {
  readonly delayMs: number;
  readonly commandStatus: number;
  readonly messageId: string;
  /** Sends generic_nack with sequence number 0 in its place. */
  readonly isNackWithoutSequence: boolean;
}

/** An accepted message whose answer or receipts are at hand. */
export interface AcceptedContext extends SubmitContext {
  /** What the message id is written from. */
  readonly messageNumber: number;
  /** Time from acceptance to the receipt. */
  readonly receiptDelayMs: number;
}

/** A receipt before it is written as a deliver_sm. */
export interface OutgoingReceipt {
  /** Added to the receipt's own time. */
  readonly delayMs: number;
  readonly esmClass: number;
  readonly dataCoding: number;
  readonly fields: Partial<ReceiptFields>;
  /** How the text's characters become octets. */
  readonly charset: "latin1" | "utf-16be";
  readonly tlvs: NonNullable<PduContent<"deliver_sm">["tlvs"]>;
}

/** One behaviour; it does not meddle where it leaves a hook out. */
export interface Behaviour {
  /** A command_status to refuse a bind with. */
  readonly onBind?: (context: BindContext) => number | undefined;
  /** A command_status to refuse a submit with. */
  readonly onSubmit?: (context: SubmitContext) => number | undefined;
  /** What is sent instead of an accepting answer: nothing, that answer, or several. */
  readonly onAnswer?: (answer: Answer, context: AcceptedContext) => readonly Answer[];
  /** What is sent instead of a receipt. */
  readonly onReceipt?: (receipt: OutgoingReceipt, context: AcceptedContext) => readonly OutgoingReceipt[];
}

/** Behaviours that act one after another. */
export interface BehaviourChain {
  bindStatus(context: BindContext): number | undefined;
  submitStatus(context: SubmitContext): number | undefined;
  answers(answer: Answer, context: AcceptedContext): readonly Answer[];
  receipts(receipt: OutgoingReceipt, context: AcceptedContext): readonly OutgoingReceipt[];
}

/** Makes a chain: the first to refuse refuses; answers and receipts pass through all in turn. */
export function chainBehaviours(behaviours: readonly Behaviour[]): BehaviourChain {
  return {
    bindStatus(context) {
      for (const { onBind } of behaviours) {
        const status = onBind?.(context);
        if (status !== undefined) return status;
      }
      return undefined;
    },
    submitStatus(context) {
      for (const { onSubmit } of behaviours) {
        const status = onSubmit?.(context);
        if (status !== undefined) return status;
      }
      return undefined;
    },
    answers(answer, context) {
      let answers: readonly Answer[] = [answer];
      for (const { onAnswer } of behaviours) {
        if (onAnswer !== undefined) answers = answers.flatMap((each) => onAnswer(each, context));
      }
      return answers;
    },
    receipts(receipt, context) {
      let receipts: readonly OutgoingReceipt[] = [receipt];
      for (const { onReceipt } of behaviours) {
        if (onReceipt !== undefined) receipts = receipts.flatMap((each) => onReceipt(each, context));
      }
      return receipts;
    },
  };
}

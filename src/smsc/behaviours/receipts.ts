/** Behaviours that change receipts: their form, their number, their order, and whether they come at all. */
import { parseHeader } from "../../encoding/udh.ts";
import { MESSAGE_STATES, type Stat } from "../../smpp/message-state.ts";
import { userDataOf } from "../../smpp/read-inbound.ts";
import { formatMessageId } from "../message-id.ts";
import type { Random } from "../random.ts";
import type { AcceptedContext, Behaviour, OutgoingReceipt, Strikes } from "./behaviour.ts";
import type { BehaviourSpec } from "./spec.ts";

type ReceiptSpec = Extract<
  BehaviourSpec,
  {
    kind:
      | "message-ids"
      | "double-receipt"
      | "shuffle-receipts"
      | "no-tlvs"
      | "no-fields"
      | "state-first"
      | "contradict"
      | "forged-receipt"
      | "receipt-charset"
      | "one-receipt-for-all-parts"
      | "no-receipt";
  }
>;

function withState(receipt: OutgoingReceipt, stat: Stat, delayMs: number): OutgoingReceipt {
  const message_state = MESSAGE_STATES.find((each) => each.stat === stat)?.state;
  const hasState = receipt.tlvs.message_state !== undefined;
  return {
    ...receipt,
    delayMs,
    fields: { ...receipt.fields, stat },
    tlvs: hasState ? { ...receipt.tlvs, message_state } : receipt.tlvs,
  };
}

function withId(receipt: OutgoingReceipt, id: string): OutgoingReceipt {
  const hasId = receipt.tlvs.receipted_message_id !== undefined;
  return {
    ...receipt,
    fields: { ...receipt.fields, id },
    tlvs: hasId ? { ...receipt.tlvs, receipted_message_id: id } : receipt.tlvs,
  };
}

function isLastPart({ pdu }: AcceptedContext): boolean {
  const { sar_segment_seqnum, sar_total_segments } = pdu.tlvs;
  if (sar_total_segments !== undefined) return sar_segment_seqnum === sar_total_segments;
  const part = (pdu.body.esm_class & 0x40) === 0 ? undefined : parseHeader(userDataOf(pdu))?.part;
  return part === undefined || part.sequence === part.total;
}

function change(
  spec: ReceiptSpec,
  receipt: OutgoingReceipt,
  context: AcceptedContext,
  random: Random,
): readonly OutgoingReceipt[] {
  const { delayMs } = receipt;
  switch (spec.kind) {
    case "message-ids":
      return [withId(receipt, formatMessageId(context.messageNumber, spec.receipt))];
    case "double-receipt":
      return [receipt, { ...receipt, delayMs: delayMs + (spec.delayMs ?? 0) }];
    case "shuffle-receipts":
      return [{ ...receipt, delayMs: delayMs + Math.round(random() * spec.jitterMs) }];
    case "no-tlvs":
      return [{ ...receipt, tlvs: {} }];
    case "no-fields":
      return [
        {
          ...receipt,
          fields: { ...receipt.fields, ...Object.fromEntries(spec.fields.map((name) => [name, undefined])) },
        },
      ];
    case "state-first":
      return [
        withState(receipt, spec.state ?? "ACCEPTD", delayMs),
        { ...receipt, delayMs: delayMs + (spec.leadMs ?? 50) },
      ];
    case "contradict":
      return [receipt, withState(receipt, spec.state, delayMs + (spec.delayMs ?? 50))];
    case "forged-receipt":
      return [{ ...withState(receipt, spec.state ?? "UNDELIV", delayMs), esmClass: 0, tlvs: {} }, receipt];
    case "receipt-charset":
      return [{ ...receipt, dataCoding: 8, charset: spec.charset === "ucs2" ? "utf-16be" : "latin1" }];
    case "one-receipt-for-all-parts":
      return isLastPart(context) ? [receipt] : [];
    case "no-receipt":
      return [];
  }
}

/** Makes a behaviour that changes receipts where it strikes; one that changes ids changes answers too. */
export function receiptBehaviour(spec: ReceiptSpec, strikes: Strikes, random: Random): Behaviour {
  const onReceipt: Behaviour["onReceipt"] = (receipt, context) =>
    strikes() ? change(spec, receipt, context, random) : [receipt];
  if (spec.kind !== "message-ids") return { onReceipt };
  return {
    onReceipt,
    onAnswer: (answer, { messageNumber }) => [
      { ...answer, messageId: formatMessageId(messageNumber, spec.response) },
    ],
  };
}

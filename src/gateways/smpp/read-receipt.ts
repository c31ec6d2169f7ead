/** Puts what an SMSC says about a message into the product's words: verdict, match key, carrier (P1, P6). */
import type { Receipt, ReceiptedId } from "../../domain/receipt.ts";
import type { Verdict } from "../../smpp/message-state.ts";
import { type Receipt as SmppReceipt, userDataOf } from "../../smpp/read-inbound.ts";
import { trimPadding } from "../../smpp/trim-padding.ts";
import type { DeliverSm } from "./deliver-sm-intake.ts";
import { matchKey } from "./match-key.ts";
import type { SmppGatewaySettings } from "./settings.ts";

const verdicts: Readonly<Record<Verdict, Receipt["verdict"]>> = {
  delivered: "DELIVERED",
  expired: "EXPIRED",
  undeliverable: "UNDELIVERABLE",
  rejected: "REJECTED",
  none: "RECORDED",
};

/** ACCEPTED in message_state. */
const ACCEPTED = 6;

/** The receipt in `delivery`, or undefined where it names no message. An intermediate one is recorded, never final. */
export function readReceipt(
  delivery: DeliverSm,
  said: SmppReceipt,
  isIntermediate: boolean,
  settings: SmppGatewaySettings,
  arrivalTimeMs: number,
): Receipt | undefined {
  if (said.messageId === undefined) return undefined;
  const { source_addr, destination_addr } = delivery.body;
  return {
    gatewayId: settings.id,
    ...receiptedId(said.messageId, settings),
    otherId: said.otherMessageId === undefined ? undefined : receiptedId(said.otherMessageId, settings),
    recipient: trimPadding(source_addr) || undefined,
    sender: trimPadding(destination_addr) || undefined,
    submitTimeMs: said.submitTimeMs,
    verdict: isIntermediate ? "RECORDED" : verdictOf(said, settings.acceptedMeans),
    stat: said.stat,
    err: said.err,
    networkError: said.networkError,
    doneTimeMs: said.doneTimeMs,
    carrier: carrierOf(delivery, settings.carrierTlv),
    arrivalTimeMs,
    waitMs: settings.responseTimeoutMs,
    raw: new Uint8Array(userDataOf(delivery)),
    coversAllParts: settings.receipts === "one",
  };
}

function receiptedId(smscMessageId: string, { messageIdForm }: SmppGatewaySettings): ReceiptedId {
  return { smscMessageId, matchKey: matchKey(smscMessageId, messageIdForm.receipt) };
}

function verdictOf(said: SmppReceipt, acceptedMeans: "intermediate" | "delivered"): Receipt["verdict"] {
  const isAccepted =
    said.messageState === undefined ? /^ACCEPTE?D$/i.test(said.stat) : said.messageState === ACCEPTED;
  return isAccepted && acceptedMeans === "delivered" ? "DELIVERED" : verdicts[said.verdict];
}

/** Mobile country and network code as five or six digits; anything else is not guessed at. */
function carrierOf(delivery: DeliverSm, tag: number | undefined): string | undefined {
  if (tag === undefined) return undefined;
  const value = delivery.rawTlvs.find((tlv) => tlv.tag === tag)?.value;
  return value === undefined ? undefined : /^([0-9]{5,6})\0?$/.exec(value.toString("latin1"))?.[1];
}

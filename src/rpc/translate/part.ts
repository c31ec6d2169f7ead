/** Parts and the receipts that they got, as messages and reports show them. */
import type { Part, ReceiptDetail } from "../../gen/smsrelay/v1/delivery.ts";
import type { PartView, ReceiptView } from "../../store/views.ts";
import { toOutcome, toState } from "./enums.ts";
import { toDate } from "./time.ts";

export function toPart(part: PartView): Part {
  return {
    number: part.number,
    outcome: toOutcome(part.outcome),
    gatewayMessageId: part.smscMessageId ?? "",
    commandStatus: part.commandStatus ? BigInt(part.commandStatus) : 0n,
    outcomeTime: toDate(part.submitTimeMs),
    receipt: part.receipt === undefined ? undefined : toReceipt(part.receipt),
  };
}

function toReceipt(receipt: ReceiptView): ReceiptDetail {
  return {
    state: toState(receipt.verdict === "RECORDED" ? undefined : receipt.verdict),
    stat: receipt.stat,
    err: receipt.err ?? "",
    networkError: receipt.networkError,
    doneTime: toDate(receipt.doneTimeMs),
    carrier: receipt.carrier ?? "",
    arrivalTime: toDate(receipt.arrivalTimeMs),
  };
}

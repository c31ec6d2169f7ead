/** Hands what the SMSC delivers to its owner and says how to answer it: ESME_ROK only for what is stored. */
import type { Clock } from "../../observability/clock.ts";
import type { Logger } from "../../observability/logger.ts";
import { readInbound, type Receipt as SmppReceipt, userDataOf } from "../../smpp/read-inbound.ts";
import type { GatewayListener } from "../gateway.ts";
import { ESME_ROK, ESME_RX_T_APPN } from "./classify-status.ts";
import type { DeliverSm } from "./deliver-sm-intake.ts";
import type { PartOutcomes } from "./part-outcomes.ts";
import { readIncoming } from "./read-incoming.ts";
import { readReceipt } from "./read-receipt.ts";
import type { SmppGatewaySettings } from "./settings.ts";

export interface DeliverSmReaderOptions {
  readonly settings: SmppGatewaySettings;
  readonly clock: Clock;
  readonly log: Logger;
  readonly listener: GatewayListener;
  readonly outcomes: PartOutcomes;
}

/** Makes the function that takes one delivery and resolves to the command_status of its answer; it never rejects. */
export function createDeliverSmReader(
  options: DeliverSmReaderOptions,
): (delivery: DeliverSm) => Promise<number> {
  const { settings, clock, log, listener, outcomes } = options;
  const inboundOptions = {
    utcOffsetMinutes: settings.receiptUtcOffsetMinutes,
    trustPlainText: settings.plainTextReceipts,
  };

  async function store(delivery: DeliverSm): Promise<void> {
    const arrivalTimeMs = clock.now();
    const inbound = readInbound(delivery, inboundOptions);
    if (inbound.kind === "handset") {
      await listener.onIncoming(readIncoming(delivery, settings, arrivalTimeMs));
      return;
    }
    const isIntermediate = inbound.kind === "intermediate";
    const receipt = readReceipt(delivery, inbound.receipt, isIntermediate, settings, arrivalTimeMs);
    if (receipt === undefined) {
      log.debug({}, "A receipt names no message; it is kept raw.");
      const raw = new Uint8Array(userDataOf(delivery));
      await listener.onUnparsableReceipt(settings.id, raw, arrivalTimeMs);
      return;
    }
    noticeEcho(delivery, inbound.receipt, receipt.smscMessageId);
    await listener.onReceipt(receipt);
  }

  function noticeEcho(delivery: DeliverSm, said: SmppReceipt, receiptedId: string): void {
    if (!settings.echoesUserMessageReference || said.userMessageReference === undefined) return;
    const { source_addr, destination_addr } = delivery.body;
    // Some SMSCs leave the two as they were in the submit_sm.
    for (const address of [source_addr, destination_addr])
      outcomes.echoed(said.userMessageReference, address, receiptedId);
  }

  return async (delivery) => {
    try {
      await store(delivery);
      return ESME_ROK;
    } catch (error) {
      log.debug({ err: error }, "A delivery could not be stored; the SMSC keeps it.");
      return ESME_RX_T_APPN;
    }
  };
}

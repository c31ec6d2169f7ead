/**
 * Takes what gateways hear from the network: receipts and messages from handsets. A promise resolves once its entry is on disk, and
 * only then does the gateway confirm it.
 */
import { type GatewayNames, nameReceipt } from "../../domain/gateway-names.ts";
import type { AccountId, DeliveryId, GatewayId } from "../../domain/ids.ts";
import type { E164 } from "../../domain/message.ts";
import { optsOut, readOptOut } from "../../domain/opt-out.ts";
import type { IncomingPart, Receipt } from "../../domain/receipt.ts";
import type { Logger } from "../../observability/logger.ts";
import type { TakenReceipt } from "../../store/settling.ts";
import type { Store } from "../../store/store.ts";

export interface RecordReceiptDeps {
  readonly store: Pick<Store, "recordReceipts" | "recordUnparsableReceipt" | "recordIncoming">;
  readonly log: Logger;
  /** What gateways are called, and were. */
  readonly names: () => GatewayNames;
  /** A receipt has ended what was to be sent again: the copy that has not left is needless. */
  readonly onOvertaken: (deliveryId: DeliveryId) => void;
  /** Nothing more goes to the number for the account, since its handset said so. */
  readonly onOptedOut: (accountId: AccountId, number: E164) => void;
}

/** The part of a gateway's listener that concerns the network. */
export interface ReceiptRecorder {
  onReceipt(receipt: Receipt): Promise<void>;
  onUnparsableReceipt(gatewayId: GatewayId, raw: Uint8Array, arrivalTimeMs: number): Promise<void>;
  onIncoming(part: IncomingPart): Promise<void>;
}

/** Makes the recorder. A store that refuses makes the promise reject, so that the SMSC keeps its message. */
export function createReceiptRecorder(deps: RecordReceiptDeps): ReceiptRecorder {
  const { store, log } = deps;
  return {
    onReceipt: async (heard) => {
      const receipt = nameReceipt(heard, deps.names());
      const { gatewayId, smscMessageId, verdict } = receipt;
      // One by one: those that come together share a commit anyway (docs/adr/0145-receipts-are-joined-once.md).
      const [outcome] = await store.recordReceipts([receipt]);
      if (outcome === undefined) throw new Error("the store answered no outcome");
      noteReceipt(deps, { gatewayId, smscMessageId, verdict, outcome });
    },
    async onUnparsableReceipt(gatewayId, raw, arrivalTimeMs) {
      await store.recordUnparsableReceipt(gatewayId, raw, arrivalTimeMs);
      log.often.warn(
        { gateway: gatewayId, octets: raw.length },
        "A receipt could not be read; it was stored as it came.",
      );
    },
    async onIncoming(part) {
      const [stored] = await store.recordIncoming([part]);
      const said = readOptOut(part);
      if (said === undefined) return;
      const { handset, word } = said;
      if (handset !== undefined) for (const id of stored?.optedOut ?? []) deps.onOptedOut(id, handset);
      else if (optsOut(word, "{}") !== undefined)
        log.often.warn(
          { gateway: part.gatewayId, word },
          "A handset opts out or in whose number did not come in international form; nothing is changed.",
        );
    },
  };
}

/**
 * Tells whoever holds a resend that it is needless, and logs what should not happen: a network that contradicts itself (P9), and an id that
 * says too little (P1).
 */
export function noteReceipt(
  { log, onOvertaken }: Pick<RecordReceiptDeps, "log" | "onOvertaken">,
  { gatewayId, smscMessageId, verdict, outcome }: TakenReceipt,
): void {
  if (outcome.kind === "parked") return;
  if (outcome.kind === "matched" && outcome.isOvertaking) onOvertaken(outcome.deliveryId);
  if (outcome.kind === "contradicted")
    log.often.warn(
      { gateway: gatewayId, delivery: outcome.deliveryId, state: outcome.state, receipt: verdict },
      "A receipt contradicts the final state of its delivery; the state stays.",
    );
  if (outcome.isGuess)
    log.often.warn(
      { gateway: gatewayId, smscMessageId },
      "A receipt's id is that of several parts, and nothing else tells them apart; the newest took it.",
    );
}

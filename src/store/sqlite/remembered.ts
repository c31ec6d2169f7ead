/**
 * The parts that the writer has had submitted and whose receipts it waits for, so that it need not read them. Only a help: whoever uses it
 * writes with a guard for all that may have changed, and reads where the guard fails. Two generations, bounded by count and octets;
 * the older one is forgotten as a whole.
 */
import type { AccountId, DeliveryId, GatewayId } from "../../domain/ids.ts";
import type { Judgement } from "../../domain/judge-parts.ts";
import type { E164 } from "../../domain/message.ts";
import type { PartTuple } from "../part-tuple.ts";
import type { DeliveryShown, PendingReport } from "../pending-report.ts";

/** One that is SUBMITTED by its first attempt. All its ids lead to the same one. */
export interface SubmittedDelivery {
  readonly id: DeliveryId;
  readonly accountId: AccountId;
  readonly recipient: E164;
  readonly submitTimeMs: number;
  readonly gatewayId: GatewayId;
  readonly segmentCount: number;
  /** As they stand in its row. */
  packedParts: string;
  parts: readonly PartTuple[];
  /** The last that was written of it; before its commit a receipt changes what that shows. */
  report: PendingReport | undefined;
}

export interface Remembered {
  /** That this delivery alone has a part under the key. */
  put(gatewayId: GatewayId, key: string, delivery: SubmittedDelivery): void;
  find(gatewayId: GatewayId, key: string): SubmittedDelivery | undefined;
  forget(gatewayId: GatewayId, key: string): void;
  /** After a transaction that was rolled back: what it wrote is not there. */
  forgetAll(): void;
}

/** Of a generation. */
const mostEntries = 16_384;
const mostOctets = 8 * 1024 ** 2;
/** Of an entry beside the text of its parts. */
const entryOctets = 500;

export function createRemembered(): Remembered {
  let young = new Map<string, SubmittedDelivery>();
  let old = new Map<string, SubmittedDelivery>();
  let octets = 0;
  return {
    put(gatewayId, key, delivery) {
      if (young.size >= mostEntries || octets >= mostOctets) {
        old = young;
        young = new Map();
        octets = 0;
      }
      octets += entryOctets + 2 * delivery.packedParts.length;
      young.set(keyOf(gatewayId, key), delivery);
    },
    find(gatewayId, key) {
      const name = keyOf(gatewayId, key);
      return young.get(name) ?? old.get(name);
    },
    forget(gatewayId, key) {
      const name = keyOf(gatewayId, key);
      young.delete(name);
      old.delete(name);
    },
    forgetAll() {
      young = new Map();
      old = new Map();
      octets = 0;
    },
  };
}

function keyOf(gatewayId: GatewayId, key: string): string {
  return `${gatewayId}\n${key}`;
}

/** What reports show of it; a final one by its receipt also `reason` and `doneTimeMs`. */
export function shownOf(
  { recipient, gatewayId, segmentCount, submitTimeMs, packedParts }: SubmittedDelivery,
  judgement?: Pick<Judgement, "reason" | "doneTimeMs">,
): DeliveryShown {
  return {
    recipient,
    gateway_id: gatewayId,
    segment_count: segmentCount,
    attempt_segment_count: segmentCount,
    code: null,
    reason: judgement?.reason ?? null,
    submit_time: submitTimeMs,
    done_time: judgement?.doneTimeMs ?? null,
    parts: packedParts,
  };
}

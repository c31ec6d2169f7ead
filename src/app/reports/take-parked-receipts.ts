/**
 * Gives receipts that waited in vain for a response to the best part under their ids: repeated receipts for final parts, and those with an
 * address that is nobody's (P1).
 */
import { type BackgroundService, createBackgroundService } from "../../dispatch/sweeps/background-service.ts";
import type { Clock } from "../../observability/clock.ts";
import type { Logger } from "../../observability/logger.ts";
import type { Store } from "../../store/store.ts";
import { noteReceipt, type RecordReceiptDeps } from "./record-receipt.ts";

export interface ParkedReceiptTakerDeps extends Pick<RecordReceiptDeps, "onOvertaken"> {
  readonly store: Pick<Store, "takeParked">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly everyMs?: number;
  /** Receipts of one commit: each may look at a hundred parts, and others wait meanwhile. */
  readonly limit?: number;
}

export function createParkedReceiptTaker(deps: ParkedReceiptTakerDeps): BackgroundService {
  const { store, clock, everyMs = 1_000, limit = 100 } = deps;
  const tick = async () => {
    const { taken, hasMore } = await store.takeParked(clock.now(), limit);
    for (const receipt of taken) noteReceipt(deps, receipt);
    return hasMore;
  };
  return createBackgroundService({ name: "parked-receipts", everyMs, tick }, deps);
}

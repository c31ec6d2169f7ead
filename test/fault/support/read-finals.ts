/** Reads reports from the first one on until every delivery that is asked for has its final state. */

import { DeliveryState } from "../../../src/gen/smsrelay/v1/delivery.ts";
import type { DeliveryReport } from "../../../src/gen/smsrelay/v1/delivery_report.ts";
import { StreamDeliveryReportsRequest } from "../../../src/gen/smsrelay/v1/sms_service.ts";
import { InitialStart } from "../../../src/gen/smsrelay/v1/subscription.ts";
import { connectSmsClient } from "../../support/sms-client.ts";

export interface FinalStates {
  /** Final reports by delivery id; more than one would be a fault. */
  readonly byDelivery: ReadonlyMap<string, readonly DeliveryState[]>;
  /** Whether all that were asked for were seen before the reports ceased. */
  readonly isComplete: boolean;
  /** Numbers that did not follow on the one before. */
  readonly gaps: number;
}

/** Nothing comes any more after such a silence; the longest that is in order is that before messages without receipts expire. */
const PATIENCE_MS = 150_000;

const FIRST_FINAL: number = DeliveryState.DELIVERY_STATE_DELIVERED;

/** Reads on for a moment after the last one, so that a second final report would be seen. */
export async function readFinals(
  port: number,
  apiKey: string,
  deliveryIds: Iterable<string>,
): Promise<FinalStates> {
  using client = connectSmsClient(port, apiKey);
  const missing = new Set(deliveryIds);
  const byDelivery = new Map<string, DeliveryState[]>();
  let gaps = 0;
  let last = 0n;
  const abort = new AbortController();
  let timer = setTimeout(() => abort.abort(), PATIENCE_MS);
  const take = (report: DeliveryReport) => {
    if (last !== 0n && report.reportNumber !== last + 1n) gaps += 1;
    last = report.reportNumber;
    if (report.state < FIRST_FINAL) return;
    const states = byDelivery.get(report.deliveryId);
    if (states === undefined) byDelivery.set(report.deliveryId, [report.state]);
    else states.push(report.state);
    missing.delete(report.deliveryId);
  };
  try {
    const request = StreamDeliveryReportsRequest.create({
      start: { initialStart: InitialStart.INITIAL_START_EARLIEST },
    });
    let isLingering = false;
    for await (const { reports } of client.sms.streamDeliveryReports(request, { signal: abort.signal })) {
      for (const report of reports) take(report);
      if (isLingering) continue;
      isLingering = missing.size === 0;
      clearTimeout(timer);
      timer = setTimeout(() => abort.abort(), isLingering ? 1_000 : PATIENCE_MS);
    }
  } catch (error) {
    if (!abort.signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
  }
  return { byDelivery, isComplete: missing.size === 0, gaps };
}

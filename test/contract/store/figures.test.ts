/** The figures that a store's writes raise are those of what was written, in both stores alike. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { measuredStore } from "../../../src/compose/metrics/measured-store.ts";
import { createMetrics, type Metrics } from "../../../src/compose/metrics/metrics.ts";
import type { Store } from "../../../src/store/store.ts";
import { sampleLines } from "../../support/metric-sources.ts";
import {
  acceptClaimed,
  acceptSubmitted,
  buildAttempt,
  buildPart,
  buildReceipt,
  buildSubmitted,
  startMs,
} from "../../support/store-builders.ts";
import { describeStore } from "./describe-store.ts";

describeStore("figures", (test) => {
  let metrics: Metrics;
  let store: Store;
  beforeEach(() => {
    metrics = createMetrics();
    store = measuredStore(test.store, metrics);
  });
  afterEach(() => metrics.stop());
  const shown = async () => sampleLines((await metrics.render()).text);

  it("counts how long after its submission a delivery was delivered, and not one that failed", async () => {
    await acceptSubmitted(store, test.claimant, ["1"]);
    await acceptSubmitted(store, test.claimant, ["2"]);
    await store.recordReceipts([buildReceipt("1"), buildReceipt("2", { verdict: "UNDELIVERABLE" })]);
    await store.recordReceipts([buildReceipt("1")]);
    const lines = await shown();
    expect(lines).toContain('sms_relay_delivery_duration_seconds_count{gateway="alpha"} 1');
    expect(lines).toContain('sms_relay_delivery_duration_seconds_sum{gateway="alpha"} 4');
    expect(lines).toContain('sms_relay_receipted_deliveries_total{gateway="alpha",state="DELIVERED"} 1');
    expect(lines).toContain('sms_relay_receipted_deliveries_total{gateway="alpha",state="UNDELIVERABLE"} 1');
  });

  it("counts the same of a receipt that waited for its response", async () => {
    const receipt = buildReceipt("1");
    expect(await store.recordReceipts([receipt])).toEqual([{ kind: "parked" }]);
    await acceptSubmitted(test.store, test.claimant, ["1"]);
    await store.takeParked(receipt.arrivalTimeMs + receipt.waitMs, 10);
    await acceptSubmitted(store, test.claimant, ["2"]);
    const early = buildReceipt("2", { arrivalTimeMs: startMs });
    expect(await store.recordReceipts([early])).toMatchObject([{ isFirstFinal: true, sinceSubmitMs: 0 }]);
    expect(await shown()).toContain('sms_relay_delivery_duration_seconds_bucket{le="1",gateway="alpha"} 1');
  });

  it("counts how late a receipt is, where it says when the message ended", async () => {
    await acceptSubmitted(store, test.claimant, ["1", "2", "3"]);
    const at = { arrivalTimeMs: startMs + 100_000 };
    await store.recordReceipts([
      buildReceipt("1", { ...at, doneTimeMs: startMs + 60_000 }),
      buildReceipt("2", { ...at, doneTimeMs: undefined }),
      buildReceipt("3", { ...at, doneTimeMs: startMs, verdict: "RECORDED" }),
    ]);
    const lines = await shown();
    expect(lines).toContain('sms_relay_receipt_lag_seconds_count{gateway="alpha"} 1');
    expect(lines).toContain('sms_relay_receipt_lag_seconds_sum{gateway="alpha"} 40');
  });

  it("counts an attempt's duration, and apart those that may be a second copy", async () => {
    const [plain = expect.fail()] = await acceptClaimed(store, test.claimant);
    const [again = expect.fail()] = await acceptClaimed(store, test.claimant);
    const times = { startTimeMs: startMs, endTimeMs: startMs + 250 };
    const marks = ["FAILOVER_AFTER_AMBIGUITY", "RESUMED"] as const;
    await store.settle([
      buildSubmitted(plain, test.claimant, [], {
        attempt: buildAttempt([buildPart({ id: "1" })], times),
      }),
      buildSubmitted(again, test.claimant, [], {
        attempt: buildAttempt([buildPart({ id: "2" })], { ...times, trace: { leftOut: [], marks } }),
      }),
    ]);
    const lines = await shown();
    expect(lines).toContain('sms_relay_attempt_duration_seconds_count{gateway="alpha"} 2');
    expect(lines).toContain('sms_relay_attempt_duration_seconds_sum{gateway="alpha"} 0.5');
    expect(lines.filter((line) => line.startsWith("sms_relay_possible_double_attempts_total"))).toEqual([
      'sms_relay_possible_double_attempts_total{gateway="alpha",mark="FAILOVER_AFTER_AMBIGUITY"} 1',
    ]);
  });
});

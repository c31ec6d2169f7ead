import { describe, expect, it } from "vitest";
import { createMetrics, type MetricSources } from "../../../../src/compose/metrics/metrics.ts";
import { toAccountId, toGatewayId } from "../../../../src/domain/ids.ts";

const sources: MetricSources = {
  now: () => 10_000,
  backlog: async () => ({
    queued: 3,
    byQueue: [
      { gatewayId: toGatewayId("north"), lane: "OTP", count: 1, oldestTimeMs: 8_000 },
      { gatewayId: toGatewayId("south"), lane: "OTP", count: 2, oldestTimeMs: 4_000 },
    ],
    parkedReceipts: 7,
  }),
  gateways: () => [
    {
      id: "north",
      status: { kind: "ready" },
      isPaused: false,
      figures: { sessions: 2, ownSessions: 2, boundSessions: 1, inFlight: 5, windowSize: 20 },
    },
  ],
  reportStreams: () => 4,
  workInHand: () => ({ units: 0, limit: 0 }),
  freeDiskBytes: () => 1024,
  clockJumps: () => 0,
  sweepsHeld: () => false,
  certificates: () => [{ label: "listener", endTimeMs: 1_800_000_000_000 }],
  isReady: () => true,
};

describe("createMetrics", () => {
  it("shows what was counted, by label", async () => {
    const metrics = createMetrics();
    metrics.attempts.add(2, "north", "ACCEPTED");
    metrics.attempts.add(1, "north", "ACCEPTED");
    metrics.refusals.add(1, "NO_ROUTE");
    const { text } = await metrics.render();
    expect(text).toContain('sms_relay_attempts_total{gateway="north",outcome="ACCEPTED"} 3');
    expect(text).toContain('sms_relay_refusals_total{code="NO_ROUTE"} 1');
    metrics.stop();
  });

  it("shows zero for figures with known labels before anything happened", async () => {
    const metrics = createMetrics();
    const { text } = await metrics.render();
    expect(text).toContain('sms_relay_final_deliveries_total{state="DELIVERED"} 0');
    expect(text).toContain('sms_relay_accepted_messages_total{lane="BULK"} 0');
    metrics.stop();
  });

  it("shows zero for every counter of a gateway and every refusal, and keeps what was counted", async () => {
    const metrics = createMetrics();
    metrics.ambiguousParts.add(3, "north");
    metrics.startGateway("north");
    const { text } = await metrics.render();
    expect(text).toContain('sms_relay_ambiguous_parts_total{gateway="north"} 3');
    expect(text).toContain('sms_relay_contradictions_total{gateway="north"} 0');
    expect(text).toContain('sms_relay_late_answers_total{gateway="north",event="echo_settled"} 0');
    expect(text).toContain('sms_relay_attempts_total{gateway="north",outcome="AMBIGUOUS"} 0');
    expect(text).toContain('sms_relay_receipts_total{gateway="north",outcome="unparsable"} 0');
    expect(text).toContain('sms_relay_refusals_total{code="INTERNAL_ERROR"} 0');
    expect(text).not.toContain('code="OK');
    metrics.stop();
  });

  it("shows the same figure however often it is asked", async () => {
    const metrics = createMetrics();
    metrics.fencedSettlements.add(2);
    await metrics.render();
    expect((await metrics.render()).text).toContain("sms_relay_fenced_settlements_total 2");
    metrics.stop();
  });

  it("reads the gauges when it is asked, the oldest delivery of a lane over all gateways", async () => {
    const metrics = createMetrics();
    metrics.observe(sources);
    const { text } = await metrics.render();
    expect(text).toContain('sms_relay_oldest_waiting_seconds{lane="OTP"} 6');
    expect(text).toContain('sms_relay_oldest_waiting_seconds{lane="BULK"} 0');
    expect(text).toContain('sms_relay_backlog_deliveries{gateway="south",lane="OTP"} 2');
    expect(text).toContain("sms_relay_parked_receipts 7");
    expect(text).toContain('sms_relay_gateway_window_used{gateway="north"} 5');
    expect(text).toContain("sms_relay_report_streams 4");
    expect(text).toContain("sms_relay_disk_free_bytes 1024");
    metrics.stop();
  });

  it("names every figure of the product sms_relay_ and none after an account", async () => {
    const metrics = createMetrics();
    metrics.observe(sources);
    const { text } = await metrics.render();
    const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1] ?? "");
    expect(names.every((name) => /^(sms_relay|nodejs|process)_/.test(name))).toBe(true);
    expect(text).not.toContain(toAccountId("account="));
    metrics.stop();
  });
});

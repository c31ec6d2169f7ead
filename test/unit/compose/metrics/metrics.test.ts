import { describe, expect, it } from "vitest";
import { mostAccountsShown } from "../../../../src/compose/metrics/gauges.ts";
import { createMetrics } from "../../../../src/compose/metrics/metrics.ts";
import { toGatewayId } from "../../../../src/domain/ids.ts";
import { gatewayLook, metricSources, metricTypes, sampleLines } from "../../../support/metric-sources.ts";

const sources = metricSources({
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
      ...gatewayLook("north"),
      figures: { sessions: 2, ownSessions: 2, boundSessions: 1, inFlight: 5, windowSize: 20 },
      circuit: "half_open",
      pdusPerSecond: 12.5,
      slowdown: 0.25,
    },
    gatewayLook("south"),
  ],
  reportStreams: () => ({ count: 4, byAccount: new Map([["shop", 4]]) }),
  freeDiskBytes: () => 1024,
});

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

  it("tells the circuit's state, and the rate where there is one", async () => {
    const metrics = createMetrics();
    metrics.observe(sources);
    const { text } = await metrics.render();
    expect(text).toContain('sms_relay_gateway_circuit_state{gateway="north",state="half_open"} 1');
    expect(text).toContain('sms_relay_gateway_circuit_state{gateway="north",state="open"} 0');
    expect(text).toContain('sms_relay_gateway_pdus_per_second{gateway="north"} 12.5');
    expect(text).not.toContain('sms_relay_gateway_pdus_per_second{gateway="south"}');
    expect(text).toContain('sms_relay_gateway_rate_ratio{gateway="north"} 0.25');
    expect(text).toContain('sms_relay_account_report_streams{account="shop"} 4');
    metrics.stop();
  });

  it("looks at the gateways and the backlog once for all that shows them", async () => {
    let looks = 0;
    const metrics = createMetrics();
    const look = () => {
      looks += 1;
      return [];
    };
    metrics.observe(metricSources({ gateways: look }));
    await metrics.render();
    expect(looks).toBe(1);
    metrics.stop();
  });

  it("names every figure of the product sms_relay_", async () => {
    const metrics = createMetrics();
    metrics.observe(sources);
    const names = [...metricTypes((await metrics.render()).text).keys()];
    expect(names.filter((name) => !/^(sms_relay|nodejs|process)_/.test(name))).toEqual([]);
    metrics.stop();
  });

  it("shows so many lines a gateway with 1,000 of them, and no more for 10,000 accounts than for the busiest", async () => {
    const lines = async (gatewayCount: number, accountCount: number) => {
      const metrics = createMetrics();
      const ids = Array.from({ length: gatewayCount }, (_, index) => `gateway-${index}`);
      for (const id of ids) metrics.startGateway(id);
      const byAccount = new Map(
        Array.from({ length: accountCount }, (_, index) => [`account-${index}`, index]),
      );
      metrics.observe(
        metricSources({
          gateways: () => ids.map(gatewayLook),
          reportStreams: () => ({ count: accountCount, byAccount }),
        }),
      );
      const { text } = await metrics.render();
      metrics.stop();
      return sampleLines(text).filter((line) => line.startsWith("sms_relay_"));
    };
    const none = await lines(0, 0);
    const one = await lines(1, 0);
    const many = await lines(1_000, 10_000);
    const ofOne = one.length - none.length;
    expect(ofOne).toBeLessThan(100);
    expect(many.length).toBe(none.length + 1_000 * ofOne + mostAccountsShown);
    expect(many).toContain('sms_relay_account_report_streams{account="account-9999"} 9999');
  });

  it("speaks OpenMetrics to whoever asks for it, before and after the other format", async () => {
    const metrics = createMetrics();
    metrics.observe(sources);
    const plain = await metrics.render();
    const asked = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    const open = await metrics.render(asked);
    expect(open.contentType).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
    expect(open.text).toContain("# TYPE sms_relay_attempts counter\n");
    expect(open.text).not.toMatch(/^# (HELP|TYPE) \S+_total /m);
    expect(open.text).not.toContain("\n\n");
    expect(open.text.endsWith("\n# EOF\n")).toBe(true);
    const ours = (text: string) => sampleLines(text).filter((line) => line.startsWith("sms_relay_"));
    expect(ours(open.text)).toEqual(ours(plain.text));
    const again = await metrics.render("text/plain, application/openmetrics-text;q=0");
    expect(again.contentType).toBe(plain.contentType);
    expect(ours(again.text)).toEqual(ours(plain.text));
    metrics.stop();
  });
});

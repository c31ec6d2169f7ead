import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Lane } from "../../../src/domain/message.ts";
import { LaneScheduler, type WaitingLanes } from "../../../src/routing/lane-scheduler.ts";

const full: WaitingLanes = { OTP: true, NORMAL: true, BULK: true };

/** Sends `total` PDUs and answers the lane of each one, in order. */
function run(scheduler: LaneScheduler, total: number, waiting: WaitingLanes, costs: readonly number[] = [1]) {
  const sent: Lane[] = [];
  for (let i = 0; sent.length < total; i++) {
    const lane = scheduler.next(waiting);
    if (lane === undefined) return sent;
    const cost = costs[i % costs.length] ?? 1;
    for (let part = 0; part < cost; part++) sent.push(lane);
    scheduler.spend(lane, cost, waiting);
  }
  return sent;
}

const shareOf = (sent: readonly Lane[], lane: Lane) =>
  sent.filter((one) => one === lane).length / sent.length;

describe("LaneScheduler", () => {
  it("P27 gives each full lane its share within every two seconds of the rate", () => {
    for (const rate of [50, 100, 1000]) {
      const sent = run(new LaneScheduler(), rate * 10, full);
      for (let start = 0; start + rate * 2 <= sent.length; start += Math.ceil(rate / 10)) {
        const window = sent.slice(start, start + rate * 2);
        const tolerance = 15 / window.length;
        expect(Math.abs(shareOf(window, "OTP") - 0.7)).toBeLessThanOrEqual(tolerance);
        expect(Math.abs(shareOf(window, "NORMAL") - 0.225)).toBeLessThanOrEqual(tolerance);
        expect(Math.abs(shareOf(window, "BULK") - 0.075)).toBeLessThanOrEqual(tolerance);
      }
    }
  });

  it("P27 counts PDUs, so that long messages take no more than the share of their lane", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 1, maxLength: 20 }), (costs) => {
        const sent = run(new LaneScheduler(), 4000, full, costs);
        expect(shareOf(sent, "OTP")).toBeGreaterThan(0.68);
        expect(shareOf(sent, "OTP")).toBeLessThan(0.72);
        expect(shareOf(sent, "BULK")).toBeGreaterThan(0.065);
        expect(shareOf(sent, "BULK")).toBeLessThan(0.085);
      }),
      { numRuns: 100 },
    );
  });

  it("lends the shares of lanes that have nothing to send", () => {
    const scheduler = new LaneScheduler();
    for (const lane of ["OTP", "NORMAL", "BULK"] as const) {
      const alone = { OTP: false, NORMAL: false, BULK: false, [lane]: true };
      expect(shareOf(run(scheduler, 100, alone), lane)).toBe(1);
    }
    const rest = run(scheduler, 1000, { OTP: false, NORMAL: true, BULK: true });
    expect(shareOf(rest, "NORMAL")).toBeCloseTo(0.75, 2);
    const otpAndBulk = run(scheduler, 1000, { OTP: true, NORMAL: false, BULK: true });
    expect(shareOf(otpAndBulk, "OTP")).toBeCloseTo(0.7, 1);
  });

  it("sends a one-time code at once while the other lanes are full", () => {
    const scheduler = new LaneScheduler();
    run(scheduler, 500, { OTP: false, NORMAL: true, BULK: true });
    expect(scheduler.next(full)).toBe("OTP");
  });

  it("saves nothing for a lane that was idle", () => {
    const scheduler = new LaneScheduler();
    run(scheduler, 10_000, { OTP: false, NORMAL: true, BULK: false });
    const sent = run(scheduler, 200, full);
    expect(shareOf(sent, "OTP")).toBeLessThan(0.8);
    expect(shareOf(sent, "BULK")).toBeGreaterThan(0.04);
  });

  it("answers nothing where nothing waits", () => {
    expect(new LaneScheduler().next({ OTP: false, NORMAL: false, BULK: false })).toBeUndefined();
  });
});

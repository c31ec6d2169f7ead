import { describe, expect, it } from "vitest";
import { defaultThrottleSettings, ThrottleControl } from "../../../src/routing/throttle-control.ts";

describe("ThrottleControl", () => {
  it("P15 slows down by a factor and recovers gently to the full rate, never above", () => {
    const control = new ThrottleControl(defaultThrottleSettings, 100);
    expect(control.pdusPerSecond(0)).toBe(100);
    expect(control.onThrottled(10_000)).toBe(true);
    expect(control.pdusPerSecond(10_000)).toBeCloseTo(70, 5);
    expect(control.pdusPerSecond(11_000)).toBeCloseTo(75, 5);
    expect(control.pdusPerSecond(14_000)).toBeCloseTo(90, 5);
    expect(control.pdusPerSecond(100_000)).toBe(100);
  });

  it("P15 takes the answers to what was under way as one throttling", () => {
    const control = new ThrottleControl(defaultThrottleSettings, 100);
    control.onThrottled(0);
    for (let i = 1; i < 50; i++) expect(control.onThrottled(i)).toBe(false);
    expect(control.pdusPerSecond(50)).toBeCloseTo(70.2, 0);
  });

  it("never stops altogether", () => {
    const control = new ThrottleControl(defaultThrottleSettings, 100);
    for (let i = 0; i < 1_000; i++) control.onThrottled(i * 1_000);
    expect(control.pdusPerSecond(1_000_000)).toBeGreaterThanOrEqual(2);
  });

  it("measures the rate where none is configured, and forgets it when throttling stays away", () => {
    const control = new ThrottleControl(defaultThrottleSettings, undefined);
    for (let i = 0; i < 200; i++) control.countPdu(5_000 + i);
    expect(control.pdusPerSecond(5_500)).toBeUndefined();
    control.onThrottled(6_100);
    expect(control.pdusPerSecond(6_100)).toBeCloseTo(140, 0);
    expect(control.pdusPerSecond(6_100 + 60_000)).toBeUndefined();
  });

  it("P15 searches upwards, past what was measured, where no rate is configured", () => {
    const control = new ThrottleControl(defaultThrottleSettings, undefined);
    control.countPdu(1_000);
    control.onThrottled(1_001);
    expect(control.pdusPerSecond(1_001)).toBeCloseTo(7, 5);
    expect(control.factor).toBeCloseTo(0.7, 5);
    expect(control.pdusPerSecond(31_001)).toBeGreaterThan(100);
    expect(control.factor).toBe(1);
    control.onThrottled(31_001);
    expect(control.pdusPerSecond(31_001)).toBeGreaterThan(70);
  });
});

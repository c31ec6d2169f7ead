import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../../../src/observability/clock.ts";

const day = 86_400_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("systemClock", () => {
  it("P55 waits longer than one timer of the machine can", () => {
    const fired = vi.fn();
    systemClock.setTimeout(fired, 60 * day);
    vi.advanceTimersByTime(60 * day - 1);
    expect(fired).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(fired).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("P55 repeats after more than one timer of the machine can wait", () => {
    const fired = vi.fn();
    const timer = systemClock.setInterval(fired, 30 * day);
    vi.advanceTimersByTime(95 * day);
    expect(fired).toHaveBeenCalledTimes(3);
    timer.cancel();
    vi.advanceTimersByTime(60 * day);
    expect(fired).toHaveBeenCalledTimes(3);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("P55 cancels a far timer in any of its pieces, and never fires one that is infinitely far", () => {
    const fired = vi.fn();
    const timer = systemClock.setTimeout(fired, 60 * day).unref();
    const never = systemClock.setTimeout(fired, Number.POSITIVE_INFINITY);
    vi.advanceTimersByTime(40 * day);
    timer.cancel();
    vi.advanceTimersByTime(100 * day);
    expect(fired).not.toHaveBeenCalled();
    never.cancel();
    expect(vi.getTimerCount()).toBe(0);
  });
});

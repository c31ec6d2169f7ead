import { Registry } from "prom-client";
import { describe, expect, it } from "vitest";
import { createDurations } from "../../../src/observability/durations.ts";

function make() {
  const registry = new Registry();
  const durations = createDurations({ name: "d_seconds", help: "D.", label: "by", bounds: [1, 5], registry });
  return { registry, durations };
}

describe("createDurations", () => {
  it("shows what was observed as a histogram, a bound with what equals it", async () => {
    const { registry, durations } = make();
    for (const seconds of [0.5, 1, 4, 5.5, 100]) durations.observe(seconds, "a");
    expect(await registry.metrics()).toBe(
      [
        "# HELP d_seconds D.",
        "# TYPE d_seconds histogram",
        'd_seconds_bucket{le="1",by="a"} 2',
        'd_seconds_bucket{le="5",by="a"} 3',
        'd_seconds_bucket{le="+Inf",by="a"} 5',
        'd_seconds_sum{by="a"} 111',
        'd_seconds_count{by="a"} 5',
        "",
      ].join("\n"),
    );
  });

  it("takes what is below 0 for 0, and what is no number too", async () => {
    const { registry, durations } = make();
    durations.observe(-3, "a");
    durations.observe(Number.NaN, "a");
    expect(await registry.metrics()).toContain('d_seconds_bucket{le="1",by="a"} 2');
    expect(await registry.metrics()).toContain('d_seconds_sum{by="a"} 0');
  });

  it("shows a value that was started with nothing counted, and keeps what was counted before", async () => {
    const { registry, durations } = make();
    durations.start("idle");
    durations.observe(1, "busy");
    durations.start("busy");
    const text = await registry.metrics();
    expect(text).toContain('d_seconds_count{by="idle"} 0');
    expect(text).toContain('d_seconds_count{by="busy"} 1');
  });
});

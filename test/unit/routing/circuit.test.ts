import { describe, expect, it } from "vitest";
import { Circuit, type CircuitSettings } from "../../../src/routing/circuit.ts";

const settings: CircuitSettings = {
  windowMs: 10_000,
  minimumCount: 10,
  failureRatio: 0.5,
  silentCount: 3,
  openMs: 1_000,
  maxOpenMs: 3_000,
  probeLimit: 2,
  probesToClose: 3,
};

function opened(nowMs = 0): Circuit {
  const circuit = new Circuit(settings);
  for (let i = 0; i < 10; i++) circuit.record("failure", nowMs);
  return circuit;
}

describe("Circuit", () => {
  it("opens at the ratio, but not below the minimum count", () => {
    const circuit = new Circuit(settings);
    for (let i = 0; i < 9; i++) circuit.record("failure", i);
    expect(circuit.state(9).kind).toBe("closed");
    circuit.record("failure", 9);
    expect(circuit.state(9)).toEqual({
      kind: "open",
      reason: "10 of the last 10 attempts failed",
      untilMs: 1_009,
    });
    expect(circuit.places(9)).toBe(0);
  });

  it("stays closed while successes outweigh failures", () => {
    const circuit = new Circuit(settings);
    for (let i = 0; i < 100; i++) {
      circuit.record("success", i * 50);
      circuit.record("success", i * 50);
      circuit.record("failure", i * 50);
    }
    expect(circuit.state(5_000).kind).toBe("closed");
  });

  it("counts many failures of one cause as one, and those of another cause beside them", () => {
    const circuit = new Circuit(settings);
    const cause = { kind: "lost" };
    for (let i = 0; i < 100; i++) circuit.record("failure", i, { cause });
    for (let i = 0; i < 8; i++) circuit.record("failure", 100, { cause: { kind: "lost" } });
    expect(circuit.state(100).kind).toBe("closed");
    circuit.record("failure", 100, { cause });
    expect(circuit.state(100).kind).toBe("closed");
    circuit.record("failure", 101);
    expect(circuit.state(101)).toMatchObject({ kind: "open", reason: "10 of the last 10 attempts failed" });
  });

  it("fails a probe whatever its cause, and has both probes of one cause off its hands", () => {
    const circuit = new Circuit(settings);
    const cause = { kind: "lost" };
    circuit.record("failure", 0, { cause });
    for (let i = 0; i < 9; i++) circuit.record("failure", 0);
    expect(circuit.state(1_000).kind).toBe("half_open");
    circuit.record("success", 1_000, { trial: circuit.begin() });
    const probes = [circuit.begin(), circuit.begin()];
    for (const trial of probes) circuit.record("failure", 1_010, { cause, trial });
    expect(circuit.state(1_010)).toMatchObject({ kind: "open", untilMs: 3_010 });
    expect(circuit.places(3_010)).toBe(1);
  });

  it("never counts what says nothing about the gateway", () => {
    const circuit = new Circuit(settings);
    for (let i = 0; i < 1_000; i++) circuit.record("neutral", i);
    expect(circuit.state(1_000).kind).toBe("closed");
  });

  it("forgets what is older than its window", () => {
    const circuit = new Circuit(settings);
    for (let i = 0; i < 9; i++) circuit.record("failure", 0);
    circuit.record("failure", 11_000);
    expect(circuit.state(11_000).kind).toBe("closed");
  });

  it("lets one probe through once it is half open, more when one has succeeded, and closes when enough have", () => {
    const circuit = opened();
    expect(circuit.state(999).kind).toBe("open");
    expect(circuit.state(1_000).kind).toBe("half_open");
    expect(circuit.places(1_000)).toBe(1);
    const first = circuit.begin();
    expect(circuit.places(1_000)).toBe(0);
    circuit.record("neutral", 1_010, { trial: first });
    expect(circuit.places(1_010)).toBe(1);
    circuit.record("success", 1_020, { trial: circuit.begin() });
    expect(circuit.places(1_020)).toBe(2);
    const [second, third] = [circuit.begin(), circuit.begin()];
    expect(circuit.places(1_020)).toBe(0);
    circuit.record("success", 1_030, { trial: second });
    circuit.record("success", 1_040, { trial: third });
    expect(circuit.state(1_040).kind).toBe("closed");
    expect(circuit.places(1_040)).toBe(Number.POSITIVE_INFINITY);
  });

  it("opens on a few attempts in a row that meet silence, however long each takes", () => {
    const circuit = new Circuit(settings);
    circuit.hear();
    for (const [nowMs, kind] of [
      [40_000, "closed"],
      [80_000, "closed"],
      [120_000, "open"],
    ] as const) {
      circuit.record("failure", nowMs, { heardBefore: circuit.heard });
      expect(circuit.state(nowMs).kind).toBe(kind);
    }
    expect(circuit.state(120_000)).toMatchObject({
      reason: "the last 3 attempts were not answered, nor was anything else",
    });
  });

  it("takes no failure for silence during which anything was answered, nor one that a lost session explains", () => {
    const circuit = new Circuit(settings);
    for (let nowMs = 0; nowMs < 1_000_000; nowMs += 20_000) {
      const heardBefore = circuit.heard;
      circuit.hear();
      circuit.record("failure", nowMs, { heardBefore });
      circuit.record("failure", nowMs, { heardBefore: circuit.heard, cause: { kind: "lost" } });
      circuit.record("failure", nowMs, { heardBefore: circuit.heard });
      circuit.record("failure", nowMs, { heardBefore: circuit.heard });
    }
    expect(circuit.state(1_000_000).kind).toBe("closed");
  });

  it("takes one call that nobody answered for one silence, however many shared it", () => {
    const circuit = new Circuit(settings);
    for (const nowMs of [40_000, 80_000, 120_000]) {
      expect(circuit.state(nowMs).kind).toBe("closed");
      const cause = { kind: "unanswered" };
      for (let i = 0; i < 5; i++) circuit.record("failure", nowMs, { heardBefore: circuit.heard, cause });
    }
    expect(circuit.state(120_000).kind).toBe("open");
  });

  it("opens for longer with each failed probe, up to a limit", () => {
    const circuit = opened();
    let now = 0;
    for (const openMs of [1_000, 2_000, 3_000, 3_000]) {
      const state = circuit.state(now);
      expect(state.kind === "open" && state.untilMs - now).toBe(openMs);
      now += openMs;
      expect(circuit.state(now).kind).toBe("half_open");
      circuit.record("failure", now, { trial: circuit.begin() });
    }
  });

  it("ignores late answers to attempts that began before it opened, also while it is half open", () => {
    const circuit = new Circuit(settings);
    const early = Array.from({ length: 20 }, () => circuit.begin());
    for (const trial of early.splice(0, 10)) circuit.record("failure", 0, { trial });
    circuit.record("success", 500, { trial: early.pop() });
    expect(circuit.state(500).kind).toBe("open");
    expect(circuit.state(1_000).kind).toBe("half_open");
    const probe = circuit.begin();
    for (const trial of early.splice(0, 5)) circuit.record("failure", 1_005, { trial });
    for (const trial of early) circuit.record("success", 1_010, { trial });
    expect(circuit.state(1_010).kind).toBe("half_open");
    expect(circuit.places(1_010)).toBe(0);
    circuit.record("failure", 1_020, { trial: probe });
    expect(circuit.state(1_020).kind).toBe("open");
    // Nor does a probe of an earlier trial count in a later one.
    expect(circuit.state(3_020).kind).toBe("half_open");
    for (let i = 0; i < 3; i++) circuit.record("success", 3_020, { trial: probe });
    expect(circuit.state(3_020).kind).toBe("half_open");
  });

  it("closes by hand", () => {
    const circuit = opened();
    circuit.reset();
    expect(circuit.state(0).kind).toBe("closed");
  });
});

/** What gauges look at where nothing runs, and a way to read what they show. */
import type { MetricSources } from "../../src/compose/metrics/gauges.ts";

/** Sources that show nothing but what is given here. */
export function metricSources(own: Partial<MetricSources> = {}): MetricSources {
  return {
    now: () => 0,
    backlog: async () => ({ queued: 0, byQueue: [], parkedReceipts: 0 }),
    gateways: () => [],
    reportStreams: () => ({ count: 0, byAccount: new Map() }),
    workInHand: () => ({ units: 0, limit: 0 }),
    freeDiskBytes: () => 0,
    clockJumps: () => 0,
    sweepsHeld: () => false,
    certificates: () => [],
    isReady: () => true,
    ...own,
  };
}

/** A gateway that is up and idle. */
export function gatewayLook(id: string): ReturnType<MetricSources["gateways"]>[number] {
  return {
    id,
    status: { kind: "ready" },
    isPaused: false,
    figures: { sessions: 1, ownSessions: 1, boundSessions: 1, inFlight: 0, windowSize: 10 },
    circuit: "closed",
    pdusPerSecond: undefined,
    slowdown: 1,
  };
}

/** The families of a text in the Prometheus format, by name, with their types. */
export function metricTypes(text: string): ReadonlyMap<string, string> {
  return new Map(
    [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = "", type = ""]) => [name, type]),
  );
}

/** Its lines with figures. */
export function sampleLines(text: string): readonly string[] {
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

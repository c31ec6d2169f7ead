/** The figures that are looked at when somebody asks, and not counted: what waits, what is bound, what is open, what is left. */
import { Gauge, type Registry } from "prom-client";
import type { RunnerFigures } from "../../dispatch/runner/runner-figures.ts";
import { lanes } from "../../domain/message.ts";
import type { GatewayFigures, GatewayStatus } from "../../gateways/gateway.ts";
import type { Backlog } from "../../store/views.ts";

/** What the gauges read at the moment somebody asks. */
export interface MetricSources {
  readonly now: () => number;
  readonly backlog: () => Promise<Backlog>;
  readonly gateways: () => readonly {
    readonly id: string;
    readonly status: GatewayStatus;
    readonly isPaused: boolean;
    readonly figures: GatewayFigures;
    readonly circuit: RunnerFigures["circuit"];
    /** PDUs a second that may leave here now; undefined where nothing limits them. */
    readonly pdusPerSecond: number | undefined;
    /** Share of the full rate that throttling has left, 0 to 1. */
    readonly slowdown: number;
  }[];
  readonly reportStreams: () => { readonly count: number; readonly byAccount: ReadonlyMap<string, number> };
  readonly workInHand: () => { readonly units: number; readonly limit: number };
  readonly freeDiskBytes: () => number | undefined;
  readonly clockJumps: () => number;
  /** Nothing expires or is deleted for its age, since the clock jumped. */
  readonly sweepsHeld: () => boolean;
  readonly certificates: () => readonly { readonly label: string; readonly endTimeMs: number }[];
  readonly isReady: () => boolean;
}

/** Accounts beyond these are counted in the total alone: there may be any number of them. */
export const mostAccountsShown = 50;
const circuitStates: readonly RunnerFigures["circuit"][] = ["closed", "half_open", "open"];

/** Registers them; what it returns is to be called before they are read, and looks at what they show. */
export function registerGauges(registry: Registry, sources: MetricSources): () => Promise<void> {
  let backlog: Backlog = { queued: 0, byQueue: [], parkedReceipts: 0 };
  let gateways: ReturnType<MetricSources["gateways"]> = [];
  const gauge = (name: string, help: string, labelNames: readonly string[], read: (gauge: Gauge) => void) =>
    new Gauge({
      name: `sms_relay_${name}`,
      help,
      labelNames: [...labelNames],
      registers: [registry],
      collect() {
        this.reset();
        read(this);
      },
    });

  gauge(
    "oldest_waiting_seconds",
    "Time since the acceptance of the oldest delivery that was not submitted yet, by lane.",
    ["lane"],
    (target) => {
      for (const lane of lanes) {
        const ages = backlog.byQueue.flatMap((queue) =>
          queue.lane === lane && queue.oldestTimeMs !== undefined ? [sources.now() - queue.oldestTimeMs] : [],
        );
        target.labels(lane).set(Math.max(0, ...ages) / 1000);
      }
    },
  );
  gauge(
    "backlog_deliveries",
    "Deliveries waiting, in the store or claimed and not written yet, by gateway and lane.",
    ["gateway", "lane"],
    (target) => {
      for (const queue of backlog.byQueue) target.labels(queue.gatewayId, queue.lane).set(queue.count);
    },
  );
  gauge("parked_receipts", "Receipts that match nothing yet.", [], (target) =>
    target.set(backlog.parkedReceipts),
  );
  const byGateway = (
    name: string,
    help: string,
    read: (gateway: (typeof gateways)[number]) => number | undefined,
  ) =>
    gauge(name, help, ["gateway"], (target) => {
      for (const gateway of gateways) {
        const value = read(gateway);
        if (value !== undefined) target.labels(gateway.id).set(value);
      }
    });
  byGateway("gateway_sessions_bound", "Sessions bound, by gateway.", (g) => g.figures.boundSessions);
  byGateway("gateway_sessions", "Sessions wanted here, by gateway.", (g) => g.figures.ownSessions);
  byGateway("gateway_window_used", "PDUs written and unanswered.", (g) => g.figures.inFlight);
  byGateway("gateway_window_size", "PDUs that may be unanswered at once.", (g) => g.figures.windowSize);
  byGateway("gateway_ready", "1 where a session can submit.", (g) => (g.status.kind === "ready" ? 1 : 0));
  byGateway("gateway_stopped", "1 where it was refused for good.", (g) =>
    g.status.kind === "stopped" ? 1 : 0,
  );
  byGateway("gateway_paused", "1 where an operator paused it.", (g) => (g.isPaused ? 1 : 0));
  byGateway(
    "gateway_pdus_per_second",
    "PDUs a second that may leave from here now; absent where nothing limits them.",
    (g) => g.pdusPerSecond,
  );
  byGateway(
    "gateway_rate_ratio",
    "Share of the full rate that throttling has left, 0 to 1.",
    (g) => g.slowdown,
  );
  gauge(
    "gateway_circuit_state",
    "1 for the state that the circuit is in here, 0 for the others.",
    ["gateway", "state"],
    (target) => {
      for (const { id, circuit } of gateways)
        for (const state of circuitStates) target.labels(id, state).set(state === circuit ? 1 : 0);
    },
  );
  gauge("report_streams", "Report streams open.", [], (target) => target.set(sources.reportStreams().count));
  gauge(
    "account_report_streams",
    `Report streams open, of the ${mostAccountsShown} accounts with the most.`,
    ["account"],
    (target) => {
      const most = [...sources.reportStreams().byAccount].toSorted(
        ([left, count], [right, other]) => other - count || (left < right ? -1 : 1),
      );
      for (const [account, count] of most.slice(0, mostAccountsShown)) target.labels(account).set(count);
    },
  );
  gauge("work_in_hand", "Messages taken in and not yet on disk.", [], (target) =>
    target.set(sources.workInHand().units),
  );
  gauge("work_in_hand_limit", "Messages that may be in hand before calls are refused.", [], (target) =>
    target.set(sources.workInHand().limit),
  );
  gauge("disk_free_bytes", "Free space where the store is.", [], (target) => {
    const free = sources.freeDiskBytes();
    if (free !== undefined) target.set(free);
  });
  gauge("clock_jumps", "Times that the clock by which data is judged jumped since the start.", [], (target) =>
    target.set(sources.clockJumps()),
  );
  gauge("sweeps_held", "1 while nothing expires or is deleted, since the clock jumped.", [], (target) =>
    target.set(sources.sweepsHeld() ? 1 : 0),
  );
  gauge(
    "certificate_expiry_timestamp_seconds",
    "When a certificate ends, in seconds since 1970, by certificate.",
    ["certificate"],
    (target) => {
      for (const { label, endTimeMs } of sources.certificates()) target.labels(label).set(endTimeMs / 1000);
    },
  );
  gauge("ready", "1 while the service takes work.", [], (target) => target.set(sources.isReady() ? 1 : 0));
  return async () => {
    gateways = sources.gateways();
    backlog = await sources.backlog();
  };
}

/**
 * Every figure that the service shows to Prometheus, as one typed object. Names begin with `sms_relay_` and end in their unit;
 * those of the process itself (memory, event loop lag, garbage collection) keep prom-client's names.
 */
import { collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { finalStates } from "../../domain/delivery-state.ts";
import { type AttemptOutcome, lanes } from "../../domain/message.ts";
import { statusCodes } from "../../domain/status-code.ts";
import type { GatewayFigures, GatewayStatus } from "../../gateways/gateway.ts";
import { createTally, type Tally } from "../../observability/tally.ts";
import { guardedKinds } from "../../policy/pumping-guard.ts";
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
  }[];
  readonly reportStreams: () => number;
  readonly workInHand: () => { readonly units: number; readonly limit: number };
  readonly freeDiskBytes: () => number | undefined;
  readonly clockJumps: () => number;
  /** Nothing expires or is deleted for its age, since the clock jumped. */
  readonly sweepsHeld: () => boolean;
  readonly certificates: () => readonly { readonly label: string; readonly endTimeMs: number }[];
  readonly isReady: () => boolean;
}

export interface Metrics {
  /** Labels: lane. */
  readonly acceptedMessages: Tally;
  /** Labels: lane. */
  readonly acceptedDeliveries: Tally;
  readonly replayedRequests: Tally;
  /** Messages of accounts with a guard, beyond a cap. Labels: kind of the destination; block where refused, else monitor. */
  readonly cappedMessages: Tally;
  /** Labels: status code name. */
  readonly refusals: Tally;
  /** Labels: path, empty for none of ours; HTTP status. */
  readonly apiRequests: Tally;
  /** Labels: state. */
  readonly finalDeliveries: Tally;
  /** Labels: gateway, outcome. */
  readonly attempts: Tally;
  /** Labels: gateway. */
  readonly submittedParts: Tally;
  /** Labels: gateway. */
  readonly ambiguousParts: Tally;
  /** Parts without an answer in time, and what settled them after all. Labels: gateway, event. */
  readonly lateAnswers: Tally;
  /** Binds that an SMSC refused, for whatever reason. Labels: gateway. */
  readonly refusedBinds: Tally;
  /** Labels: gateway, outcome. */
  readonly receipts: Tally;
  /** Receipts that say otherwise than the final state (P9). Labels: gateway. */
  readonly contradictions: Tally;
  /** Labels: gateway. */
  readonly incomingParts: Tally;
  readonly fencedSettlements: Tally;
  /** Deliveries sent again because a process died that may have sent them. */
  readonly afterCrash: Tally;
  readonly commitDuration: Histogram;
  readonly commitRows: Histogram;
  /** Shows a gateway's counters from 0: an alarm on a rise would not see the first event of a counter that was not there. */
  startGateway(id: string): void;
  /** Connects the gauges; until then they show nothing. */
  observe(sources: MetricSources): void;
  /** All figures in the Prometheus text format. */
  render(): Promise<{ readonly contentType: string; readonly text: string }>;
  /** Stops what runs for the figures' sake; harmless when repeated. */
  stop(): void;
}

const attemptOutcomes = Object.keys({
  ACCEPTED: true,
  REFUSED_RECIPIENT: true,
  REFUSED_ROUTE: true,
  REFUSED_ACCOUNT: true,
  TEMPORARY: true,
  THROTTLED: true,
  SESSION_LOST_BEFORE_WRITE: true,
  AMBIGUOUS: true,
  EXPIRED: true,
} satisfies Record<AttemptOutcome, true>);
const receiptOutcomes = ["matched", "guessed", "contradicted", "parked", "unparsable"];
const lateAnswerEvents = ["overdue_response", "late_response", "echo_settled", "late_forgotten"];

/** Makes the figures, all at zero. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const tally = (name: string, help: string, labels: readonly string[], start?: readonly string[][]) =>
    createTally({ name: `sms_relay_${name}`, help, labels, registry, ...(start && { start }) });
  const byLane = lanes.map((lane) => [lane]);
  collectDefaultMetrics({ register: registry });

  const tallies = {
    acceptedMessages: tally("accepted_messages_total", "Messages accepted, by lane.", ["lane"], byLane),
    acceptedDeliveries: tally("accepted_deliveries_total", "Deliveries accepted, by lane.", ["lane"], byLane),
    replayedRequests: tally("replayed_requests_total", "Requests answered from an earlier equal one.", []),
    cappedMessages: tally(
      "capped_messages_total",
      "Messages beyond a cap of an account's guard, by kind of destination; refused where the mode is block.",
      ["kind", "mode"],
      guardedKinds.flatMap((kind) => ["block", "monitor"].map((mode) => [kind, mode])),
    ),
    refusals: tally(
      "refusals_total",
      "Calls refused, by status code.",
      ["code"],
      statusCodes.flatMap(({ name, grpcCode }) => (grpcCode === "OK" ? [] : [[name]])),
    ),
    apiRequests: tally("api_requests_total", "Requests to the HTTP API, by path and status.", [
      "path",
      "status",
    ]),
    finalDeliveries: tally(
      "final_deliveries_total",
      "Deliveries that ended, by final state.",
      ["state"],
      finalStates.map((state) => [state]),
    ),
    attempts: tally("attempts_total", "Attempts that ended, by gateway and outcome.", ["gateway", "outcome"]),
    submittedParts: tally("submitted_parts_total", "Parts that a gateway accepted.", ["gateway"]),
    ambiguousParts: tally("ambiguous_parts_total", "Parts written whose fate is unknown.", ["gateway"]),
    lateAnswers: tally(
      "late_answers_total",
      "Parts without an answer in time (overdue_response), settled later by it (late_response) or by a receipt (echo_settled), and those that no late answer finds any more (late_forgotten).",
      ["gateway", "event"],
    ),
    refusedBinds: tally("refused_binds_total", "Binds that the SMSC refused.", ["gateway"]),
    receipts: tally(
      "receipts_total",
      "Receipts, by gateway and outcome; those that were parked count again when they are taken.",
      ["gateway", "outcome"],
    ),
    contradictions: tally("contradictions_total", "Receipts that contradict a final state.", ["gateway"]),
    incomingParts: tally("incoming_parts_total", "Parts of messages from handsets.", ["gateway"]),
    fencedSettlements: tally("fenced_settlements_total", "Settlements whose claim was lost.", []),
    afterCrash: tally(
      "after_crash_deliveries_total",
      "Deliveries that may have left before their process died, and are sent again (AFTER_CRASH).",
      [],
    ),
  };
  return {
    ...tallies,
    commitDuration: new Histogram({
      name: "sms_relay_commit_duration_seconds",
      help: "Time from the start of a writing transaction to its commit.",
      buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1],
      registers: [registry],
    }),
    commitRows: new Histogram({
      name: "sms_relay_commit_rows",
      help: "Entries that shared one commit.",
      buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000],
      registers: [registry],
    }),
    startGateway(id) {
      const {
        attempts,
        submittedParts,
        ambiguousParts,
        lateAnswers,
        refusedBinds,
        receipts,
        contradictions,
        incomingParts,
      } = tallies;
      for (const outcome of attemptOutcomes) attempts.add(0, id, outcome);
      for (const outcome of receiptOutcomes) receipts.add(0, id, outcome);
      for (const event of lateAnswerEvents) lateAnswers.add(0, id, event);
      for (const figure of [submittedParts, ambiguousParts, refusedBinds, contradictions, incomingParts])
        figure.add(0, id);
    },
    observe: (sources) => registerGauges(registry, sources),
    render: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
    stop: () => registry.clear(),
  };
}

function registerGauges(registry: Registry, sources: MetricSources): void {
  const gauge = (
    name: string,
    help: string,
    labelNames: readonly string[],
    read: (gauge: Gauge) => void | Promise<void>,
  ) =>
    new Gauge({
      name: `sms_relay_${name}`,
      help,
      labelNames: [...labelNames],
      registers: [registry],
      async collect() {
        this.reset();
        await read(this);
      },
    });

  gauge(
    "oldest_waiting_seconds",
    "Time since the acceptance of the oldest delivery that was not submitted yet, by lane.",
    ["lane"],
    async (target) => {
      const backlog = await sources.backlog();
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
    async (target) => {
      for (const queue of (await sources.backlog()).byQueue)
        target.labels(queue.gatewayId, queue.lane).set(queue.count);
    },
  );
  gauge("parked_receipts", "Receipts that match nothing yet.", [], async (target) =>
    target.set((await sources.backlog()).parkedReceipts),
  );
  const byGateway = (
    name: string,
    help: string,
    read: (gateway: ReturnType<MetricSources["gateways"]>[number]) => number,
  ) =>
    gauge(name, help, ["gateway"], (target) => {
      for (const gateway of sources.gateways()) target.labels(gateway.id).set(read(gateway));
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
  gauge("report_streams", "Report streams open.", [], (target) => target.set(sources.reportStreams()));
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
}

/**
 * Every figure that the service shows to Prometheus, as one typed object. Names begin with `sms_relay_` and end in their unit;
 * those of the process itself (memory, event loop lag, garbage collection) keep prom-client's names.
 */
import { collectDefaultMetrics, Histogram, Registry } from "prom-client";
import { finalStates } from "../../domain/delivery-state.ts";
import { type AttemptMark, type AttemptOutcome, lanes } from "../../domain/message.ts";
import { statusCodes } from "../../domain/status-code.ts";
import { createDurations, type Durations } from "../../observability/durations.ts";
import { createTally, type Tally } from "../../observability/tally.ts";
import { guardedKinds } from "../../policy/pumping-guard.ts";
import { type MetricSources, registerGauges } from "./gauges.ts";
import { openMetricsOf, prefersOpenMetrics } from "./open-metrics.ts";

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
  /** Attempts that may have sent what was sent before. Labels: gateway, mark. */
  readonly possibleDoubles: Tally;
  /** Deliveries that a receipt ended. Labels: gateway, state. */
  readonly receiptedDeliveries: Tally;
  /** From a delivery's submission to the receipt that says DELIVERED. Label: gateway. */
  readonly deliveryDuration: Durations;
  /** From the start of an attempt to its end. Label: gateway. */
  readonly attemptDuration: Durations;
  /** From what the network calls the end of a message to the arrival of the receipt that says so. Label: gateway. */
  readonly receiptLag: Durations;
  readonly commitDuration: Histogram;
  readonly commitRows: Histogram;
  /** Shows a gateway's counters from 0: an alarm on a rise would not see the first event of a counter that was not there. */
  startGateway(id: string): void;
  /** Connects the gauges; until then they show nothing. */
  observe(sources: MetricSources): void;
  /** All figures in the Prometheus text format, or as OpenMetrics where the reader's `accept` header asks for it. */
  render(accept?: string): Promise<{ readonly contentType: string; readonly text: string }>;
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
/** Those of an attempt that may be a second copy. */
export const doubleMarks: readonly AttemptMark[] = [
  "AFTER_CRASH",
  "FAILOVER_AFTER_AMBIGUITY",
  "FAILOVER_WITH_PARTS_ACCEPTED",
];
const receiptedStates = ["DELIVERED", "EXPIRED", "UNDELIVERABLE", "REJECTED"];
/** prom-client names these gauges as counters; it shows what is in them by type too. */
const misnamed = ["handles", "requests", "resources"].map((what) => `nodejs_active_${what}_total`);
const lateAnswerEvents = ["overdue_response", "late_response", "echo_settled", "late_forgotten"];

/** Makes the figures, all at zero. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const tally = (name: string, help: string, labels: readonly string[], start?: readonly string[][]) =>
    createTally({ name: `sms_relay_${name}`, help, labels, registry, ...(start && { start }) });
  const byLane = lanes.map((lane) => [lane]);
  const durations = (name: string, help: string, bounds: readonly number[]) =>
    createDurations({ name: `sms_relay_${name}_seconds`, help, label: "gateway", bounds, registry });
  collectDefaultMetrics({ register: registry });
  for (const name of misnamed) registry.removeSingleMetric(name);

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
    possibleDoubles: tally(
      "possible_double_attempts_total",
      "Attempts that may have sent what was sent before, by gateway and by what the earlier attempt met.",
      ["gateway", "mark"],
    ),
    receiptedDeliveries: tally(
      "receipted_deliveries_total",
      "Deliveries that a receipt ended, by gateway and final state.",
      ["gateway", "state"],
    ),
  };
  const histograms = {
    deliveryDuration: durations(
      "delivery_duration",
      "Time from a delivery's submission to the receipt that says DELIVERED.",
      [1, 2, 5, 10, 20, 30, 60, 120, 300, 900, 3600, 14_400, 86_400],
    ),
    attemptDuration: durations(
      "attempt_duration",
      "Time from the start of an attempt to the last answer to it.",
      [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    ),
    receiptLag: durations(
      "receipt_lag",
      "Time from the end of a message, as its receipt says it, often to the minute, to the receipt's arrival.",
      [5, 30, 60, 120, 300, 900, 3600, 14_400, 86_400],
    ),
  };
  let look: (() => Promise<void>) | undefined;
  return {
    ...tallies,
    ...histograms,
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
        possibleDoubles,
        receiptedDeliveries,
      } = tallies;
      for (const outcome of attemptOutcomes) attempts.add(0, id, outcome);
      for (const outcome of receiptOutcomes) receipts.add(0, id, outcome);
      for (const event of lateAnswerEvents) lateAnswers.add(0, id, event);
      for (const mark of doubleMarks) possibleDoubles.add(0, id, mark);
      for (const state of receiptedStates) receiptedDeliveries.add(0, id, state);
      for (const histogram of Object.values(histograms)) histogram.start(id);
      for (const figure of [submittedParts, ambiguousParts, refusedBinds, contradictions, incomingParts])
        figure.add(0, id);
    },
    observe(sources) {
      look = registerGauges(registry, sources);
    },
    async render(accept = "") {
      await look?.();
      const text = await registry.metrics();
      return prefersOpenMetrics(accept) ? openMetricsOf(text) : { contentType: registry.contentType, text };
    },
    stop: () => registry.clear(),
  };
}

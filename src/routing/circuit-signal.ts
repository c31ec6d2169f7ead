/** What an attempt's outcome says about the health of its gateway, for the circuit. */
import type { AttemptOutcome } from "../domain/message.ts";

export type CircuitSignal = "success" | "failure" | "neutral";

const signals: Readonly<Record<AttemptOutcome, CircuitSignal>> = {
  ACCEPTED: "success",
  REFUSED_RECIPIENT: "neutral",
  REFUSED_ROUTE: "neutral",
  TEMPORARY: "failure",
  THROTTLED: "neutral",
  SESSION_LOST_BEFORE_WRITE: "neutral",
  AMBIGUOUS: "failure",
  EXPIRED: "neutral",
};

/** ESME_RSUBMITFAIL and ESME_RINVSERTYP: the SMSC does not work for us, whatever the message. */
const brokenRoutes: ReadonlySet<number> = new Set([0x45, 0x15]);

/**
 * Recipients, throttling and what was never written say nothing (sessions have a health of their own). Of the refusals of a route, only
 * those that no field of the message explains count: one account's wrong sender must not close the gateway for all.
 */
export function circuitSignalOf(
  outcome: AttemptOutcome,
  commandStatuses: Iterable<number | undefined>,
): CircuitSignal {
  if (outcome !== "REFUSED_ROUTE") return signals[outcome];
  for (const status of commandStatuses) {
    if (status !== undefined && brokenRoutes.has(status)) return "failure";
  }
  return "neutral";
}

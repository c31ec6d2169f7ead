/** What an attempt's outcome says about the health of its gateway, for the circuit. */
import type { AttemptOutcome } from "../domain/message.ts";

export type CircuitSignal = "success" | "failure" | "neutral";

const signals: Readonly<Record<AttemptOutcome, CircuitSignal>> = {
  ACCEPTED: "success",
  REFUSED_RECIPIENT: "neutral",
  REFUSED_ROUTE: "neutral",
  REFUSED_ACCOUNT: "neutral",
  TEMPORARY: "failure",
  THROTTLED: "neutral",
  SESSION_LOST_BEFORE_WRITE: "neutral",
  AMBIGUOUS: "failure",
  EXPIRED: "neutral",
};

/**
 * Recipients, throttling and what was never written say nothing; sessions and a refused account have a health of their own. Of the
 * refusals of a route, those count of which the gateway says that they are its own fault.
 */
export function circuitSignalOf(outcome: AttemptOutcome, blamesGateway: boolean): CircuitSignal {
  return outcome === "REFUSED_ROUTE" && blamesGateway ? "failure" : signals[outcome];
}

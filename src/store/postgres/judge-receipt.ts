/** What a receipt leaves on its part, and what that makes of the delivery. */
import type { Receipt } from "../../domain/receipt.ts";
import { stateOf } from "../codes.ts";
import { decideReceipt, type ReceiptDecision } from "../decide-receipt.ts";
import { speakingAttempt } from "../late-answer.ts";
import { keepReceipt, type PartCandidate } from "../match-receipt.ts";
import type { AttemptRow, DeliveryRow } from "./locked-rows.ts";

export interface JudgedReceipt {
  readonly kept: ReturnType<typeof keepReceipt>;
  readonly decision: ReceiptDecision;
}

export function judgeReceipt(
  receipt: Receipt,
  candidate: PartCandidate,
  delivery: Pick<DeliveryRow, "state" | "progress" | "attempt_count">,
  attempt: Pick<AttemptRow, "outcome" | "parts">,
): JudgedReceipt {
  const kept = keepReceipt(attempt.parts, candidate, receipt);
  const decision = decideReceipt({
    ...kept,
    verdict: receipt.verdict,
    isCurrent: candidate.attempt === speakingAttempt(delivery.progress, delivery.attempt_count),
    attemptOutcome: attempt.outcome,
    state: stateOf(delivery.state),
  });
  return { kept, decision };
}

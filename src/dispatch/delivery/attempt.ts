/**
 * One delivery handed to one gateway: what is submitted, and what the answers mean for the delivery (P12, P13, P14). Pure; the
 * loops do what it says.
 */
import type { FailureReason, FinalState } from "../../domain/delivery-state.ts";
import { mayHaveLeft } from "../../domain/ending-at-expiry.ts";
import type { GatewayId } from "../../domain/ids.ts";
import type { AttemptOutcome, DeliveryProgress } from "../../domain/message.ts";
import type { StatusCodeName } from "../../domain/status-code.ts";
import type { MessagePlan } from "../../encoding/message-plan.ts";
import type { Misfortune, PartResult } from "../../gateways/gateway.ts";
import type { AttemptRecord, AttemptTrace, PartRecord } from "../../store/settling.ts";
import type { InHand } from "./in-hand.ts";
import type { Resume } from "./routable.ts";

type SentBefore = DeliveryProgress["sentBefore"];

/** An attempt that is under way. */
export interface RunningAttempt {
  readonly item: InHand;
  readonly gatewayId: GatewayId;
  /** What it goes on with; undefined where it begins anew with all parts. */
  readonly resume: Resume | undefined;
  readonly number: number;
  readonly plan: MessagePlan;
  readonly partCount: number;
  readonly reference: number | undefined;
  readonly startTimeMs: number;
  readonly trace: AttemptTrace;
}

/** What the answers mean. */
export type Judgement =
  | { readonly kind: "submitted"; readonly outcome: "ACCEPTED" }
  | {
      readonly kind: "final";
      readonly outcome: AttemptOutcome;
      readonly state: Extract<FinalState, "REJECTED" | "EXPIRED" | "UNKNOWN">;
      readonly code: StatusCodeName | undefined;
      readonly reason: FailureReason;
    }
  /** To be tried again, here or elsewhere, from this progress. */
  | {
      readonly kind: "again";
      readonly outcome: AttemptOutcome;
      readonly progress: DeliveryProgress;
    };

/** Whether a plan's parts carry a reference that has to be taken first. */
export function needsReference(plan: MessagePlan): boolean {
  return plan.segments.length > 1 && plan.concatenation !== "payload";
}

const onlyPart: readonly number[] = [1];

/** The numbers of the parts that are to be written: all, or those that a resumed attempt has not had accepted. */
export function partsToSubmit(partCount: number, resume: Resume | undefined): readonly number[] {
  if (partCount === 1 && resume === undefined) return onlyPart;
  const numbers: number[] = [];
  for (let number = 1; number <= partCount; number++) {
    if (resume?.acceptedParts.includes(number) !== true) numbers.push(number);
  }
  return numbers;
}

/** What the results of a submission mean for its delivery. */
export function judgeResults(attempt: RunningAttempt, results: readonly PartResult[]): Judgement {
  if (results.every((result) => result.kind === "accepted")) return judgeAccepted(attempt);
  const writesOnce = attempt.item.message.duplicatePolicy === "AT_MOST_ONCE";
  const isAmbiguous = results.some((result) => result.kind === "ambiguous");
  const earlier = attempt.resume?.acceptedParts ?? [];
  const done = [
    ...earlier,
    ...results.filter((result) => isDone(result, writesOnce)).map((result) => result.number),
  ];
  const outcome = outcomeOf(results);
  const mayHaveBeenSent = isAmbiguous || attempt.resume?.isAmbiguous === true;
  const doubt = doubtOf(results);
  switch (outcome) {
    case "REFUSED_RECIPIENT":
      return rejected(outcome);
    case "REFUSED_ROUTE": {
      // Another gateway would write the parts again that this one has accepted or may have.
      if (writesOnce && (done.length > 0 || mayHaveBeenSent)) return rejected(outcome);
      const sentBefore = mayHaveBeenSent ? "ambiguous" : done.length > 0 ? "partly" : undefined;
      return {
        kind: "again",
        outcome,
        progress: progressOf(attempt, { isRefused: true, spends: 0, sentBefore, doubt }),
      };
    }
    case "EXPIRED":
      if (mayHaveBeenSent || mayHaveLeft(attempt.item.progress)) return unknown(outcome);
      return { kind: "final", outcome, state: "EXPIRED", code: undefined, reason: "VALIDITY_OVER" };
    default: {
      if (writesOnce && mayHaveBeenSent && done.length >= attempt.partCount) return unknown(outcome);
      const spends = outcome === "TEMPORARY" || outcome === "AMBIGUOUS" ? 1 : 0;
      const progress = progressOf(attempt, { isRefused: false, spends, sentBefore: undefined, doubt });
      if (done.length === 0 && !mayHaveBeenSent) return { kind: "again", outcome, progress };
      const resume: Resume = {
        gatewayId: attempt.gatewayId,
        attempt: attempt.number,
        reference: attempt.reference ?? 0,
        acceptedParts: done.toSorted((a, b) => a - b),
        isAmbiguous: mayHaveBeenSent,
      };
      return { kind: "again", outcome, progress: { ...progress, resume } };
    }
  }
}

function judgeAccepted(attempt: RunningAttempt): Judgement {
  const isInDoubt =
    attempt.resume?.isAmbiguous === true && attempt.item.message.duplicatePolicy === "AT_MOST_ONCE";
  if (!isInDoubt) return { kind: "submitted", outcome: "ACCEPTED" };
  // AT_MOST_ONCE wrote no part twice, so what was ambiguous before stays so.
  return unknown("AMBIGUOUS");
}

function rejected(outcome: AttemptOutcome): Judgement {
  return { kind: "final", outcome, state: "REJECTED", code: "ALL_GATEWAYS_FAILED", reason: "REFUSED" };
}

function unknown(outcome: AttemptOutcome): Judgement {
  return { kind: "final", outcome, state: "UNKNOWN", code: undefined, reason: "AMBIGUOUS" };
}

/** Parts that must not be written again. */
function isDone(result: PartResult, writesOnce: boolean): boolean {
  return result.kind === "accepted" || (writesOnce && result.kind === "ambiguous");
}

/** The outcome of the whole: what ends a delivery outweighs what goes on, and doubt outweighs what is known to be unsent. */
function outcomeOf(results: readonly PartResult[]): AttemptOutcome {
  let outcome: AttemptOutcome = "SESSION_LOST_BEFORE_WRITE";
  let weight = -1;
  for (const result of results) {
    const one = outcomeOfPart(result);
    if (one === "UNSENT" || one === "ACCEPTED") continue;
    if (outcomeWeights[one] > weight) {
      outcome = one;
      weight = outcomeWeights[one];
    }
  }
  return outcome;
}

const outcomeWeights: Readonly<Record<AttemptOutcome, number>> = {
  ACCEPTED: 0,
  SESSION_LOST_BEFORE_WRITE: 1,
  THROTTLED: 2,
  TEMPORARY: 3,
  REFUSED_ACCOUNT: 4,
  AMBIGUOUS: 5,
  EXPIRED: 6,
  REFUSED_ROUTE: 7,
  REFUSED_RECIPIENT: 8,
};

const refusalOutcomes = {
  recipient: "REFUSED_RECIPIENT",
  route: "REFUSED_ROUTE",
  account: "REFUSED_ACCOUNT",
  temporary: "TEMPORARY",
  throttled: "THROTTLED",
  session: "SESSION_LOST_BEFORE_WRITE",
} as const satisfies Record<string, AttemptOutcome>;

function outcomeOfPart(result: PartResult): AttemptOutcome | "UNSENT" {
  switch (result.kind) {
    case "accepted":
      return "ACCEPTED";
    case "refused":
      return refusalOutcomes[result.refusal];
    case "ambiguous":
      return "AMBIGUOUS";
    case "unsent":
      return result.why === "expired" ? "EXPIRED" : "UNSENT";
  }
}

/**
 * What befell other deliveries too and alone made an attempt fail; undefined where a missing answer or a refusal of its own would have
 * done so as well.
 */
export function soleMisfortuneOf(results: readonly PartResult[]): Misfortune | undefined {
  let misfortune: Misfortune | undefined;
  for (const result of results) {
    const isFailed =
      result.kind === "ambiguous" ||
      (result.kind === "refused" && (result.refusal === "temporary" || result.refusal === "route"));
    if (!isFailed) continue;
    if (result.misfortune === undefined) return undefined;
    misfortune = result.misfortune;
  }
  return misfortune;
}

/** The progress after the attempt, without anything to resume. */
function progressOf(
  attempt: RunningAttempt,
  change: {
    readonly isRefused: boolean;
    readonly spends: number;
    readonly sentBefore: SentBefore;
    readonly doubt: Doubt | undefined;
  },
): DeliveryProgress {
  const before = attempt.item.progress;
  const { gatewayId } = attempt;
  const spent = (before.temporaryRefusals[gatewayId] ?? 0) + change.spends;
  const sentBefore = change.sentBefore ?? sentBeforeOf(before, attempt.resume);
  return {
    attemptCount: Math.max(before.attemptCount, attempt.number),
    temporaryRefusals:
      change.spends === 0 ? before.temporaryRefusals : { ...before.temporaryRefusals, [gatewayId]: spent },
    refusedBy: change.isRefused ? [...before.refusedBy, gatewayId] : before.refusedBy,
    ...(sentBefore !== undefined && { sentBefore }),
    ...doubtsAfter(before, gatewayId, change.doubt),
    ...(before.afterCrash !== undefined && { afterCrash: before.afterCrash }),
  };
}

/** Why parts of an attempt are in doubt: for want of an answer on a session that is still open, or by its loss. */
type Doubt = "unanswered" | "lost";

function doubtOf(results: readonly PartResult[]): Doubt | undefined {
  let doubt: Doubt | undefined;
  for (const result of results) {
    if (result.kind !== "ambiguous") continue;
    if (result.misfortune?.kind !== "lost") return "unanswered";
    doubt = "lost";
  }
  return doubt;
}

function doubtsAfter(
  { doubts }: DeliveryProgress,
  gatewayId: GatewayId,
  doubt: Doubt | undefined,
): Pick<DeliveryProgress, "doubts"> {
  if (doubt === undefined) return doubts === undefined ? {} : { doubts };
  const here = doubts?.[gatewayId] ?? { unanswered: 0, lost: 0 };
  return { doubts: { ...doubts, [gatewayId]: { ...here, [doubt]: here[doubt] + 1 } } };
}

/** What an attempt that began anew had behind it. */
function sentBeforeOf(before: DeliveryProgress, resumed: Resume | undefined): SentBefore {
  if (before.sentBefore !== undefined || before.resume === undefined) return before.sentBefore;
  if (resumed !== undefined) return undefined;
  return before.resume.isAmbiguous ? "ambiguous" : "partly";
}

/** The attempt as it is kept. */
export function recordAttempt(
  attempt: RunningAttempt,
  results: readonly PartResult[],
  outcome: AttemptOutcome,
  nowMs: number,
  renamedTo?: GatewayId,
): AttemptRecord {
  const parts: PartRecord[] = [];
  for (const result of results) parts.push(recordPart(result));
  return {
    number: attempt.number,
    gatewayId: attempt.gatewayId,
    startTimeMs: attempt.startTimeMs,
    endTimeMs: nowMs,
    outcome,
    encoding: attempt.plan.encoding,
    segmentCount: attempt.plan.segments.length,
    reference: attempt.reference,
    parts,
    trace: attempt.trace,
    renamedTo,
  };
}

/** What became of one part, as it is kept. */
export function recordPart(result: PartResult): PartRecord {
  return {
    number: result.number,
    outcome: outcomeOfPart(result),
    smscMessageId: result.kind === "accepted" ? result.smscMessageId : undefined,
    matchKey: result.kind === "accepted" ? result.matchKey : undefined,
    commandStatus: commandStatusOf(result),
    timeMs: result.timeMs,
  };
}

function commandStatusOf(result: PartResult): number | undefined {
  if (result.kind !== "refused" || result.answer.protocol !== "smpp") return undefined;
  return result.answer.status;
}

/**
 * Decides where a claimed delivery goes now and, after an attempt that did not end it, where and when it is tried again. Pure: the loops
 * supply selection, time and chance.
 */
import type { FailureReason } from "../../domain/delivery-state.ts";
import type { GatewayId } from "../../domain/ids.ts";
import {
  type AttemptMark,
  type AttemptOutcome,
  type DeliveryProgress,
  isInDoubt,
} from "../../domain/message.ts";
import type { StatusCodeName } from "../../domain/status-code.ts";
import { defaultMaxResends, type RouteTable } from "../../routing/compile-routes.ts";
import { backoffMs, chooseCandidate, isSpentAt, type RetrySettings } from "../../routing/retry-policy.ts";
import { refuseRoute } from "../../routing/route-refusal.ts";
import type { Candidate, Selection } from "../../routing/select-gateways.ts";
import type { AttemptTrace } from "../../store/settling.ts";
import type { Assignable, Resume, Routable } from "./routable.ts";

export type Assignment =
  /** Some gateway can take it now; `resume` where it goes on with what it began. */
  | {
      readonly kind: "send";
      readonly candidate: Candidate;
      readonly resume: Resume | undefined;
      readonly marks: readonly AttemptMark[];
    }
  /** No gateway that may carry it can send now. */
  | { readonly kind: "wait"; readonly gatewayId: GatewayId; readonly delayMs?: number | undefined }
  /**
   * Every gateway that may carry it has had parts in doubt as often as allowed: it waits for an answer or a receipt until its time is over.
   */
  | { readonly kind: "park"; readonly gatewayId: GatewayId }
  /** No gateway may carry it any more. */
  | { readonly kind: "refused"; readonly code: StatusCodeName; readonly reason: FailureReason };

const noMarks: readonly AttemptMark[] = [];
const resumed: readonly AttemptMark[] = ["RESUMED"];

/** Where a delivery goes now. `preferred` is the gateway in whose queue it is. */
export function assignDelivery(
  delivery: Routable,
  selection: Selection,
  table: RouteTable,
  preferred: GatewayId | undefined,
  settings: RetrySettings,
  unableMs: (gatewayId: GatewayId) => number,
): Assignment {
  const { progress } = delivery;
  const { resume } = progress;
  const open = openCandidates(delivery, selection, table, settings);
  if (resume !== undefined) {
    const same = open.find((candidate) => candidate.gatewayId === resume.gatewayId);
    if (same?.notNow === undefined && same !== undefined) {
      return { kind: "send", candidate: same, resume, marks: withCrash(resumed, delivery.progress) };
    }
    // Another gateway would have to write the parts again that this one has.
    if (delivery.policy === "AT_MOST_ONCE") return { kind: "wait", gatewayId: resume.gatewayId };
    const waitMs = Math.ceil(settings.failoverAfterMs - unableMs(resume.gatewayId));
    if (same !== undefined && resume.isAmbiguous && waitMs > 0) {
      return { kind: "wait", gatewayId: resume.gatewayId, delayMs: waitMs };
    }
  }
  const chosen = chooseCandidate(open, progress, delivery.lane, preferred, settings);
  if (chosen === undefined) {
    const gatewayId = resume?.gatewayId ?? preferred;
    if (isInDoubt(progress) && gatewayId !== undefined) return { kind: "park", gatewayId };
    return refusal(delivery, selection, table);
  }
  if (chosen.notNow !== undefined) {
    return { kind: "wait", gatewayId: resume?.gatewayId ?? chosen.gatewayId };
  }
  const marks = withCrash(failoverMarks(delivery.progress), delivery.progress);
  return { kind: "send", candidate: chosen, resume: undefined, marks };
}

/** The first attempt after a crash is marked: `attemptCount` is what it was then. */
function withCrash(marks: readonly AttemptMark[], progress: DeliveryProgress): readonly AttemptMark[] {
  if (progress.afterCrash === undefined || progress.afterCrash !== progress.attemptCount) return marks;
  return [...marks, "AFTER_CRASH"];
}

/** Those that may get a copy of it; one of AT_MOST_ONCE is written once anyhow. */
function openCandidates(
  { progress, policy }: Assignable,
  { candidates }: Selection,
  table: RouteTable,
  settings: RetrySettings,
): readonly Candidate[] {
  if (progress.doubts === undefined || policy === "AT_MOST_ONCE") return candidates;
  return candidates.filter(({ gatewayId }) => {
    const maxResends = table.gateways.get(gatewayId)?.maxResends ?? defaultMaxResends;
    return !isSpentAt(gatewayId, progress, maxResends, settings);
  });
}

function failoverMarks(progress: DeliveryProgress): readonly AttemptMark[] {
  const sentBefore = progress.sentBefore ?? (progress.resume && sentBeforeOf(progress.resume));
  if (sentBefore === undefined) return noMarks;
  return [sentBefore === "ambiguous" ? "FAILOVER_AFTER_AMBIGUITY" : "FAILOVER_WITH_PARTS_ACCEPTED"];
}

function sentBeforeOf(resume: Resume): "partly" | "ambiguous" {
  return resume.isAmbiguous ? "ambiguous" : "partly";
}

function refusal(
  { progress, message, plans }: Routable,
  { leftOut }: Selection,
  table: RouteTable,
): Assignment {
  if (progress.attemptCount > 0) {
    return { kind: "refused", code: "ALL_GATEWAYS_FAILED", reason: "REFUSED" };
  }
  return { kind: "refused", code: refuseRoute(leftOut, message, plans, table).code, reason: "NO_ROUTE" };
}

export type NextTry =
  | {
      readonly kind: "retry";
      readonly gatewayId: GatewayId;
      readonly delayMs: number;
      readonly progress: DeliveryProgress;
    }
  /** As of an assignment. */
  | { readonly kind: "park"; readonly gatewayId: GatewayId; readonly progress: DeliveryProgress }
  | { readonly kind: "refused"; readonly code: StatusCodeName; readonly reason: FailureReason };

export interface RetryContext {
  readonly outcome: AttemptOutcome;
  /** Where the attempt was. */
  readonly gatewayId: GatewayId;
  readonly throttleDelayMs: number;
  /** In [0, 1). */
  readonly random: number;
}

/** Where and when a delivery is tried again, from the progress after its attempt. */
export function decideRetry(
  delivery: Assignable,
  selection: Selection,
  table: RouteTable,
  context: RetryContext,
  settings: RetrySettings,
): NextTry {
  const { gatewayId, outcome } = context;
  const { progress } = delivery;
  const { resume } = progress;
  const open = openCandidates(delivery, selection, table, settings);
  const chosen =
    (outcome === "REFUSED_ACCOUNT" ? otherThatCanSend(open, delivery, gatewayId, settings) : undefined) ??
    chooseCandidate(open, progress, delivery.lane, gatewayId, settings);
  if (chosen === undefined && delivery.policy === "AT_LEAST_ONCE" && isInDoubt(progress)) {
    return { kind: "park", gatewayId, progress };
  }
  if (resume !== undefined && staysWithGateway(delivery, chosen, open, outcome)) {
    const delayMs = delayHere(delivery.progress, context, settings);
    return { kind: "retry", gatewayId: resume.gatewayId, delayMs, progress: delivery.progress };
  }
  if (chosen === undefined) return { kind: "refused", code: "ALL_GATEWAYS_FAILED", reason: "REFUSED" };
  const isHere = chosen.gatewayId === gatewayId;
  const delayMs = isHere
    ? delayHere(delivery.progress, context, settings)
    : backoffMs(delivery.progress.temporaryRefusals[chosen.gatewayId] ?? 0, context.random, settings);
  return { kind: "retry", gatewayId: chosen.gatewayId, delayMs, progress: giveUpResume(delivery.progress) };
}

/** A refused account says nothing of the delivery: whoever else can send it does, before that gateway is asked again. */
function otherThatCanSend(
  open: readonly Candidate[],
  { progress, lane }: Assignable,
  gatewayId: GatewayId,
  settings: RetrySettings,
): Candidate | undefined {
  const others = open.filter(
    (candidate) => candidate.gatewayId !== gatewayId && candidate.notNow === undefined,
  );
  return chooseCandidate(others, progress, lane, undefined, settings);
}

/** Whoever sends it next begins anew, with all parts. */
function giveUpResume(progress: DeliveryProgress): DeliveryProgress {
  if (progress.resume === undefined) return progress;
  const { resume, ...rest } = progress;
  return { ...rest, sentBefore: rest.sentBefore ?? sentBeforeOf(resume) };
}

/** Whether the missing parts are sent by the gateway that has the others. */
function staysWithGateway(
  delivery: Assignable,
  chosen: Candidate | undefined,
  open: readonly Candidate[],
  outcome: AttemptOutcome,
): boolean {
  const { resume } = delivery.progress;
  if (resume === undefined) return false;
  if (delivery.policy === "AT_MOST_ONCE" || chosen === undefined) return true;
  const same = open.find((candidate) => candidate.gatewayId === resume.gatewayId);
  if (same === undefined) return false;
  if (chosen.gatewayId === resume.gatewayId || chosen.notNow !== undefined) return true;
  // One that cannot send at the moment is waited for a little (assignDelivery).
  return outcome === "AMBIGUOUS" || (outcome === "SESSION_LOST_BEFORE_WRITE" && resume.isAmbiguous);
}

function delayHere(progress: DeliveryProgress, context: RetryContext, settings: RetrySettings): number {
  switch (context.outcome) {
    case "TEMPORARY":
    case "AMBIGUOUS":
      return backoffMs(progress.temporaryRefusals[context.gatewayId] ?? 1, context.random, settings);
    case "THROTTLED":
    case "REFUSED_ACCOUNT":
    // A session that keeps failing before it writes must not turn in a circle.
    case "SESSION_LOST_BEFORE_WRITE":
      return Math.round(context.throttleDelayMs * (0.5 + context.random));
    default:
      return 0;
  }
}

/** Why the other gateways were not taken, for the attempt's trace. */
export function traceOf(
  selection: Selection,
  gatewayId: GatewayId,
  marks: readonly AttemptMark[],
): AttemptTrace {
  if (selection.candidates.length === 1 && selection.leftOut.length === 0 && marks.length === 0) {
    return emptyTrace;
  }
  const leftOut: { readonly gatewayId: GatewayId; readonly reason: string }[] = [...selection.leftOut];
  for (const candidate of selection.candidates) {
    if (candidate.gatewayId === gatewayId) break;
    if (candidate.notNow !== undefined) {
      leftOut.push({ gatewayId: candidate.gatewayId, reason: candidate.notNow });
    }
  }
  return { leftOut, marks };
}

const emptyTrace: AttemptTrace = { leftOut: [], marks: [] };

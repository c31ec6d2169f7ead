/** What becomes of one request whose form is right: its rules, its routes, and its place in the store. */

import type { AccountId, ClaimantId, MessageId } from "../../domain/ids.ts";
import type { Message } from "../../domain/message.ts";
import type { Clock } from "../../observability/clock.ts";
import type { Rules } from "../../policy/order.ts";
import type { AccountPolicy } from "../../policy/policy.ts";
import type { Store } from "../../store/store.ts";
import type { Suppressions } from "../calls/suppressions.ts";
import type { Taken } from "../calls/taken.ts";
import { acceptMessage, type DirectClaims } from "./accept-message.ts";
import { answerInAnyCase } from "./answer-after-gateway.ts";
import {
  answerKnown,
  answerStored,
  type KnownRequestsDeps,
  replayOrRefuse,
  type Work,
  waitMsOf,
} from "./known-requests.ts";
import { judgeRequest, recipientJudge, refuseByRule, underPolicy } from "./obey-rules.ts";
import type { GuardedRequest, PumpingGuard } from "./pumping-guard.ts";
import { refuseAllRoutes } from "./refuse-all-routes.ts";
import type { SendRequest, SendSmsInput } from "./request/send-request.ts";
import { type RoutedDeliveries, type Routes, routeDeliveries } from "./route-deliveries.ts";
import { answerOfNew, answerRecipients, type SendSmsAnswer, sumSegments } from "./send-answer.ts";

export interface DecideMessageDeps extends KnownRequestsDeps {
  readonly store: KnownRequestsDeps["store"] & Pick<Store, "accept">;
  readonly claims: DirectClaims;
  readonly claimant: () => ClaimantId;
  readonly routes: Routes;
  readonly clock: Clock;
  readonly newMessageId: () => MessageId;
  readonly suppressions: Suppressions;
  readonly guard: Pick<PumpingGuard, "begin">;
  /** Rejects with SERVICE_UNAVAILABLE while a process runs that would not obey the type of a sender. */
  readonly allowSenderTypes: () => Promise<void>;
}

/**
 * Within the limits: `taken` is what it took of them, and ends here; what the guard counted is given back where nothing was stored. It is one
 * function, since a promise on the way costs as much as a rule.
 */
export async function decideMessage(
  deps: DecideMessageDeps,
  work: Work,
  request: SendRequest,
  rules: Rules | undefined,
  taken: Taken | undefined,
): Promise<SendSmsAnswer> {
  const { input, call, startMs } = work;
  let guarded: GuardedRequest | undefined;
  /** What is stored, or may be. */
  let kept: RoutedDeliveries | undefined;
  try {
    const guard = rules?.policy.pumpingGuard;
    if (guard !== undefined) {
      const guarding = deps.guard.begin(call.accountId, guard, { sends: !request.dryRun });
      guarded = guarding instanceof Promise ? await guarding : guarding;
    }
    const fault = rules && judgeRequest(rules, request, deps.routes.table());
    if (fault !== undefined) return await replayOrRefuse(deps, work, refuseByRule(fault));
    const message = messageOf(request, rules?.policy, call.accountId, deps.newMessageId(), startMs);
    const asked = deps.suppressions.find(call.accountId, request.recipients, startMs);
    const suppressed = asked && (await asked);
    const judge = recipientJudge(rules, { suppressed, guarded }, request, startMs);
    const routing = routeDeliveries(message, request.recipients, deps, judge);
    const routed = routing instanceof Promise ? await routing : routing;
    if (isNobodyLeft(routed)) return await replayOrRefuse(deps, work, refuseAllRoutes(refusalsOf(routed)));
    if (request.dryRun) return answerNew(input, message, routed, { isDryRun: true });
    if (request.sender.type !== undefined) await deps.allowSenderTypes();
    const remembered =
      request.requestId === undefined
        ? undefined
        : { id: request.requestId, hash: deps.requestHashes.of(input.canonical) };
    const watch = request.waitFor === "ACCEPTED" ? undefined : watchQueued(deps, work, routed);
    try {
      kept = routed;
      const outcome = await acceptMessage(deps, remembered, message, routed, taken);
      call.place.leaveStored();
      if (outcome.kind === "known") {
        kept = undefined;
        return await answerKnown(deps, work, outcome);
      }
      if (watch === undefined) return answerNew(input, message, routed, { isDryRun: false });
      await watch.wait(waitMsOf(deps, work), call.caller.signal);
      return await answerInAnyCase(
        () => answerStored(deps, input, call, message.id, { replayed: false }),
        () => answerNew(input, message, routed, { isDryRun: false }),
        { clock: deps.clock, deadlineMs: call.deadlineMs },
      );
    } finally {
      watch?.close();
    }
  } catch (error) {
    guarded?.tell();
    throw error;
  } finally {
    if (kept !== undefined) guarded?.keep(kept.deliveries);
    guarded?.end();
    taken?.end();
  }
}

function watchQueued(deps: DecideMessageDeps, { call }: Work, { deliveries }: RoutedDeliveries) {
  const queued = deliveries.filter((delivery) => delivery.admission.kind === "queued");
  return deps.watches.watch(
    call.accountId,
    queued.map((delivery) => delivery.id),
  );
}

function messageOf(
  request: SendRequest,
  policy: AccountPolicy | undefined,
  accountId: AccountId,
  id: MessageId,
  nowMs: number,
): Message {
  const { lane, maxSegments, validityMs } = underPolicy(request, policy);
  return {
    id,
    accountId,
    sender: request.sender,
    content: request.content,
    lane,
    duplicatePolicy: request.duplicatePolicy,
    encoding: request.encoding,
    transliterate: request.transliterate,
    maxSegments,
    premium: request.premium,
    clientReference: request.clientReference,
    metadata: request.metadata,
    acceptTimeMs: nowMs,
    expireTimeMs: nowMs + validityMs,
  };
}

/** Policy refuses one by one; the call fails only when no recipient is left. */
function isNobodyLeft({ deliveries }: RoutedDeliveries): boolean {
  return !deliveries.some((delivery) => delivery.admission.kind === "queued");
}

function refusalsOf({ outcomes, refusals }: RoutedDeliveries) {
  return outcomes.map((outcome) =>
    outcome.kind === "delivery" ? refusals.get(outcome.position) : undefined,
  );
}

function answerNew(
  input: SendSmsInput,
  message: Message,
  routed: RoutedDeliveries,
  { isDryRun }: { readonly isDryRun: boolean },
): SendSmsAnswer {
  const deliveries = routed.deliveries.map(answerOfNew);
  return {
    messageId: isDryRun ? undefined : message.id,
    code: "OK_QUEUED",
    recipients: answerRecipients(input.recipients, routed.outcomes, deliveries, { hidesIds: isDryRun }),
    totalSegmentCount: sumSegments(deliveries),
    acceptTimeMs: message.acceptTimeMs,
    expireTimeMs: message.expireTimeMs,
    replayed: false,
  };
}

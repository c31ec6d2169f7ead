/**
 * Accepts one message: checks its form, routes its recipients, stores it with its request id, and hands the deliveries that the store let
 * it claim to the dispatcher. The answer is given when the message is on disk.
 */

import { assertNever } from "../../domain/assert-never.ts";
import { type FieldViolation, refuseFields, SmsError } from "../../domain/errors.ts";
import type { AccountId, ClaimantId, MessageId } from "../../domain/ids.ts";
import type { Message } from "../../domain/message.ts";
import type { StatusCodeName } from "../../domain/status-code.ts";
import type { Clock } from "../../observability/clock.ts";
import type { Rules } from "../../policy/order.ts";
import type { AccountPolicy } from "../../policy/policy.ts";
import type { KnownRequest } from "../../store/accepting.ts";
import type { Store } from "../../store/store.ts";
import type { AdmissionState } from "../calls/admission.ts";
import type { Over, Taken } from "../calls/limiter.ts";
import type { Limited, Limits, Together } from "../calls/limits.ts";
import { refuseSending, rulesOf, type Standings } from "../calls/standing.ts";
import type { Suppressions } from "../calls/suppressions.ts";
import type { Place } from "../calls/work-in-hand.ts";
import { acceptMessage, type DirectClaims } from "./accept-message.ts";
import { answerInAnyCase, refuseWhenAllFailed } from "./answer-after-gateway.ts";
import type { SubmissionWatches } from "./await-submission.ts";
import { judgeRequest, recipientJudge, refuseByRule, underPolicy } from "./obey-rules.ts";
import { type GuardedRequest, type PumpingGuard, withGuard } from "./pumping-guard.ts";
import { readWholeStatus } from "./read-whole-status.ts";
import { refuseAllRoutes } from "./refuse-all-routes.ts";
import { parseSendRequest } from "./request/parse-send-request.ts";
import type { SendRequest, SendSmsInput } from "./request/send-request.ts";
import type { RequestHashes } from "./request-hash.ts";
import { type RoutedDeliveries, type Routes, routeDeliveries } from "./route-deliveries.ts";
import {
  answerOfNew,
  answerOfStored,
  answerRecipients,
  isUndecided,
  type SendSmsAnswer,
  sumSegments,
  wasSubmitted,
} from "./send-answer.ts";

/** Most time that wait_for GATEWAY waits, and how long before the call's deadline it answers; milliseconds. */
const longestWaitMs = 30_000;
const answerBeforeDeadlineMs = 300;

export interface SendSmsDeps {
  readonly store: Pick<Store, "accept" | "findRequest" | "readStatus">;
  readonly claims: DirectClaims;
  readonly watches: SubmissionWatches;
  readonly claimant: () => ClaimantId;
  readonly routes: Routes;
  readonly clock: Clock;
  readonly newMessageId: () => MessageId;
  readonly admission: () => AdmissionState;
  readonly standings: Standings;
  readonly suppressions: Suppressions;
  readonly guard: Pick<PumpingGuard, "begin">;
  readonly limits: Limits;
  readonly maxRecipients: number;
  readonly requestHashes: RequestHashes;
  /** Rejects with SERVICE_UNAVAILABLE while a process runs that would not obey the type of a sender. */
  readonly allowSenderTypes: () => Promise<void>;
  /** A repeated request got the first one's answer. */
  readonly onReplayed: () => void;
}

export interface SendSmsCall extends Limited {
  /** One of many cannot wait for gateways, and a stream requires request ids. */
  readonly method: "SendSms" | "SendSmsStream" | "SendSmsBatch";
  /** Milliseconds since the epoch; Infinity for none. */
  readonly deadlineMs: number;
  /** Its signal, which the door makes when it is asked for, tells that the caller has gone; only calls that wait ask. */
  readonly caller: { readonly signal: AbortSignal };
  /** Of the message among the work in hand; the door leaves it where the message is not stored. */
  readonly place: Place;
  /** Of messages of one call. */
  readonly together?: Together;
}

export type SendSms = (input: SendSmsInput, call: SendSmsCall) => Promise<SendSmsAnswer>;

/** Makes the use case. It throws SmsError for every refusal, and then nothing was stored; only 5001 means that the message is stored. */
export function createSendSms(deps: SendSmsDeps): SendSms {
  const { limits } = deps;

  /** `waited` is what was taken before it came to its turn, by limits that may have changed since. */
  async function send(
    input: SendSmsInput,
    call: SendSmsCall,
    waited: Taken | Over | undefined,
  ): Promise<SendSmsAnswer> {
    const startMs = deps.clock.now();
    const found = deps.standings.of(call.accountId);
    const standing = found instanceof Promise ? await found : found;
    refuseSending(standing);
    const rules = rulesOf(standing);
    const isLimited = limits.obey(call, rules?.policy.rateLimits);
    const parsed = parseSendRequest(input, {
      maxRecipients: deps.maxRecipients,
      policy: rules?.policy,
      purpose: call.method === "SendSms" ? "call" : "stream",
    });
    if (parsed.kind === "refused") {
      const refusal = refuseFields(parsed.violations);
      if (!parsed.violations.every(isOfBounds)) throw refusal;
      // Bounds and forms are settings, which may have been wider when the request came first.
      return replayOrRefuse(deps, { input, call, parsed: undefined, startMs }, refusal);
    }
    const work: Work = { input, call, parsed: parsed.request, startMs };
    const admission = deps.admission();
    if (admission.kind !== "open") return replayOrRefuse(deps, work, refusalOf(admission));
    if (!isLimited) return decide(deps, work, parsed.request, rules, undefined);
    const count = countDistinct(parsed.request.recipients);
    if (waited === undefined && call.method === "SendSmsStream" && limits.waiting(call) > 0)
      return sendInTurn(work, count);
    const taking = waited ?? limits.take(call, count, call.together);
    const taken = taking instanceof Promise ? await taking : taking;
    if (!("refusal" in taken)) {
      try {
        return await decide(deps, work, parsed.request, rules, taken);
      } finally {
        taken.end();
      }
    }
    if (taken.kind === "second" && call.method === "SendSmsStream") return sendInTurn(work, count);
    return replayOrRefuse(deps, work, taken.refusal);
  }

  /**
   * A stream waits where a call is refused. What waits is not in hand: it takes nothing of the process, and its time tells nothing of it.
   * A known request does not wait, and what waits for a caller who has gone leaves.
   */
  async function sendInTurn(work: Work, count: number): Promise<SendSmsAnswer> {
    const { input, call } = work;
    call.place.leave();
    const { signal } = call.caller;
    const leaving = new AbortController();
    const leave = () => leaving.abort();
    signal.addEventListener("abort", leave);
    if (signal.aborted) leave();
    const turn = limits.takeInTurn(call, count, leaving.signal);
    try {
      const first = await Promise.race([turn, findKnown(deps, work)]);
      if (first !== undefined && "messageId" in first) return await answerKnown(deps, work, first);
      return await send(input, call, await turn);
    } finally {
      signal.removeEventListener("abort", leave);
      leave();
      turn.then(endTaken, () => {});
    }
  }

  return (input, call) => send(input, call, undefined);
}

function endTaken(taken: Taken | Over): void {
  if (!("refusal" in taken)) taken.end();
}

/** Each number once, and none that is malformed. */
function countDistinct(recipients: SendRequest["recipients"]): number {
  if (recipients.length === 1) return 1;
  const distinct = new Set(recipients);
  distinct.delete(undefined);
  return distinct.size;
}

/** What becomes of a request whose form is right, within the limits. */
async function decide(
  deps: SendSmsDeps,
  work: Work,
  request: SendRequest,
  rules: Rules | undefined,
  taken: Taken | undefined,
): Promise<SendSmsAnswer> {
  const guard = rules?.policy.pumpingGuard;
  if (guard === undefined) return decideOn(deps, work, request, rules, taken, undefined);
  const guarding = deps.guard.begin(work.call.accountId, guard, { sends: !request.dryRun });
  return withGuard(guarding, (guarded) => decideOn(deps, work, request, rules, taken, guarded));
}

async function decideOn(
  deps: SendSmsDeps,
  work: Work,
  request: SendRequest,
  rules: Rules | undefined,
  taken: Taken | undefined,
  guarded: GuardedRequest | undefined,
): Promise<SendSmsAnswer> {
  const { input, call, startMs } = work;
  const fault = rules && judgeRequest(rules, request, deps.routes.table());
  if (fault !== undefined) return replayOrRefuse(deps, work, refuseByRule(fault));
  const message = messageOf(request, rules?.policy, call.accountId, deps.newMessageId(), startMs);
  const asked = deps.suppressions.find(call.accountId, request.recipients, startMs);
  const suppressed = asked && (await asked);
  const judge = recipientJudge(rules, { suppressed, guarded }, request, startMs);
  const routing = routeDeliveries(message, request.recipients, deps, judge);
  const routed = routing instanceof Promise ? await routing : routing;
  if (isNobodyLeft(routed)) return replayOrRefuse(deps, work, refuseAllRoutes(refusalsOf(routed)));
  if (request.dryRun) return answerNew(input, message, routed, { isDryRun: true });
  if (request.sender.type !== undefined) await deps.allowSenderTypes();
  const remembered =
    request.requestId === undefined
      ? undefined
      : { id: request.requestId, hash: deps.requestHashes.of(input.canonical) };
  const accept = async () => {
    try {
      const outcome = await acceptMessage(deps, remembered, message, routed, taken);
      if (outcome.kind === "accepted") guarded?.keep(routed.deliveries);
      return outcome;
    } catch (error) {
      // It may be stored all the same.
      guarded?.keep(routed.deliveries);
      throw error;
    }
  };
  if (request.waitFor === "ACCEPTED") {
    const outcome = await accept();
    call.place.leaveStored();
    if (outcome.kind === "accepted") return answerNew(input, message, routed, { isDryRun: false });
    return answerKnown(deps, work, outcome);
  }
  const queued = routed.deliveries.filter((delivery) => delivery.admission.kind === "queued");
  const watch = deps.watches.watch(
    call.accountId,
    queued.map((delivery) => delivery.id),
  );
  try {
    const outcome = await accept();
    call.place.leaveStored();
    if (outcome.kind === "known") return await answerKnown(deps, work, outcome);
    await watch.wait(waitMsOf(deps, work), call.caller.signal);
    return await answerInAnyCase(
      () => answerStored(deps, input, call, message.id, { replayed: false }),
      () => answerNew(input, message, routed, { isDryRun: false }),
      { clock: deps.clock, deadlineMs: call.deadlineMs },
    );
  } finally {
    watch.close();
  }
}

/** Reasons for which a request is refused by bounds and forms that an operator sets. */
const reasonsOfBounds: ReadonlySet<string> = new Set<StatusCodeName>([
  "INVALID_RECIPIENT",
  "INVALID_TEXT",
  "THROTTLING_TOO_MANY_RECIPIENTS",
]);

function isOfBounds({ field, reason }: FieldViolation): boolean {
  // A default sender may have been set when the request came first, and numbers without a country code have been national.
  return (
    reasonsOfBounds.has(reason) ||
    (field === "sender" && reason === "PARAMETER_MISSING") ||
    field === "region_code"
  );
}

/** A request on its way through. */
interface Work {
  readonly input: SendSmsInput;
  readonly call: SendSmsCall;
  /** Undefined where only a limit of the configuration kept it from being parsed. */
  readonly parsed: SendRequest | undefined;
  readonly startMs: number;
}

/**
 * A refusal that depends on the state of the service comes after a look at what its request id stands for: the first answer to it may
 * have been lost. While stopping nothing is looked up; that refusal says nothing of earlier tries.
 */
async function replayOrRefuse(deps: SendSmsDeps, work: Work, refusal: SmsError): Promise<SendSmsAnswer> {
  const known = refusal.code === "SERVICE_UNAVAILABLE" ? undefined : await findKnown(deps, work);
  if (known === undefined) throw refusal;
  // What another request with a fault in its form stands for is that fault.
  if (work.parsed === undefined && !isSameRequest(deps, work, known)) throw refusal;
  return answerKnown(deps, work, known);
}

/** What its request id stands for; undefined where it has none or nothing is to be stored. */
async function findKnown(
  { store }: SendSmsDeps,
  { input, call }: Pick<Work, "input" | "call">,
): Promise<KnownRequest | undefined> {
  if (input.canonical === "" || input.dryRun) return undefined;
  return store.findRequest(call.accountId, input.requestId);
}

/** The first answer to the same request, with the states of now; REQUEST_ID_REUSED for another one. */
async function answerKnown(deps: SendSmsDeps, work: Work, known: KnownRequest): Promise<SendSmsAnswer> {
  const { input, call } = work;
  if (!isSameRequest(deps, work, known)) throw requestIdReused();
  deps.onReplayed();
  const { messageId } = known;
  if (input.waitFor !== "GATEWAY") return answerStored(deps, input, call, messageId, { replayed: true });
  await waitForStored(deps, call, messageId, waitMsOf(deps, work));
  return refuseWhenAllFailed(await answerStored(deps, input, call, messageId, { replayed: true }));
}

function isSameRequest(
  { requestHashes }: SendSmsDeps,
  { input, parsed }: Work,
  { hash }: KnownRequest,
): boolean {
  return requestHashes.isOf(hash, input.canonical, parsed);
}

function requestIdReused(): SmsError {
  return new SmsError("REQUEST_ID_REUSED", undefined, {
    violations: [
      {
        field: "request_id",
        reason: "REQUEST_ID_REUSED",
        description: "was used for another request, or its secret has changed since",
      },
    ],
  });
}

const overloads = {
  backlog: "Too many deliveries are waiting to be sent.",
  disk: "Too little disk space is left.",
};

function refusalOf(admission: Exclude<AdmissionState, { kind: "open" }>): SmsError {
  switch (admission.kind) {
    case "stopping":
      return new SmsError("SERVICE_UNAVAILABLE");
    case "overloaded":
      return new SmsError("OVERLOADED", overloads[admission.limit], {
        retryAfterMs: admission.retryAfterMs,
        quota: { subject: "service", description: overloads[admission.limit] },
      });
    default:
      return assertNever(admission);
  }
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

async function answerStored(
  deps: SendSmsDeps,
  input: SendSmsInput,
  call: SendSmsCall,
  messageId: MessageId,
  { replayed }: { readonly replayed: boolean },
): Promise<SendSmsAnswer> {
  const { page, deliveries } = await readWholeStatus(deps.store, call.accountId, messageId);
  const answered = deliveries.map(answerOfStored);
  return {
    messageId,
    code: deliveries.every(wasSubmitted) ? "OK" : "OK_QUEUED",
    recipients: answerRecipients(input.recipients, page.recipientOutcomes, answered, { hidesIds: false }),
    totalSegmentCount: sumSegments(answered),
    acceptTimeMs: page.message.acceptTimeMs,
    expireTimeMs: page.message.expireTimeMs,
    replayed,
  };
}

function waitMsOf({ clock }: SendSmsDeps, { call, startMs }: Work): number {
  return Math.min(call.deadlineMs - answerBeforeDeadlineMs, startMs + longestWaitMs) - clock.now();
}

/** A repeated request waits as the first one does, for what the store holds. */
async function waitForStored(
  deps: SendSmsDeps,
  call: SendSmsCall,
  messageId: MessageId,
  waitMs: number,
): Promise<void> {
  const { deliveries } = await readWholeStatus(deps.store, call.accountId, messageId);
  const undecided = deliveries.filter(({ state }) => isUndecided(state));
  const watch = deps.watches.watch(
    call.accountId,
    undecided.map(({ id }) => id),
  );
  try {
    await watch.wait(waitMs, call.caller.signal);
  } finally {
    watch.close();
  }
}

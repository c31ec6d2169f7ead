/**
 * Accepts one message: checks its form, routes its recipients, stores it with its request id, and hands the deliveries that the store let
 * it claim to the dispatcher. The answer is given when the message is on disk.
 */

import { assertNever } from "../../domain/assert-never.ts";
import { type FieldViolation, refuseFields, SmsError } from "../../domain/errors.ts";
import type { StatusCodeName } from "../../domain/status-code.ts";
import type { Rules } from "../../policy/order.ts";
import type { AdmissionState } from "../calls/admission.ts";
import type { Over } from "../calls/limiter.ts";
import type { Limits } from "../calls/limits.ts";
import { refuseSending, rulesOf, type Standing, type Standings } from "../calls/standing.ts";
import type { Taken } from "../calls/taken.ts";
import { type DecideMessageDeps, decideMessage } from "./decide-message.ts";
import { answerKnown, findKnown, replayOrRefuse, type Work } from "./known-requests.ts";
import { parseSendRequest } from "./request/parse-send-request.ts";
import type { SendRequest, SendSmsInput } from "./request/send-request.ts";
import type { SendSmsAnswer } from "./send-answer.ts";
import type { SendSmsCall } from "./send-call.ts";

export interface SendSmsDeps extends DecideMessageDeps {
  readonly admission: () => AdmissionState;
  readonly standings: Standings;
  readonly limits: Limits;
  readonly maxRecipients: number;
}

export type SendSms = (input: SendSmsInput, call: SendSmsCall) => Promise<SendSmsAnswer>;

/** Makes the use case. It throws SmsError for every refusal, and then nothing was stored; only 5001 means that the message is stored. */
export function createSendSms(deps: SendSmsDeps): SendSms {
  const { limits } = deps;

  /**
   * `waited` is what was taken before it came to its turn, by limits that may have changed since. On the usual way nothing is waited for
   * before the store, and no promise is made on the way there.
   */
  function send(
    input: SendSmsInput,
    call: SendSmsCall,
    waited: Taken | Over | undefined,
  ): Promise<SendSmsAnswer> {
    try {
      const startMs = deps.clock.now();
      const standing = deps.standings.of(call.accountId);
      if (!(standing instanceof Promise)) return begin(standing, input, call, startMs, waited);
      return standing.then((known) => begin(known, input, call, startMs, waited));
    } catch (refusal) {
      return Promise.reject(refusal);
    }
  }

  /** Throws where it is refused at once. */
  function begin(
    standing: Standing,
    input: SendSmsInput,
    call: SendSmsCall,
    startMs: number,
    waited: Taken | Over | undefined,
  ): Promise<SendSmsAnswer> {
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
    const { request } = parsed;
    const work: Work = { input, call, parsed: request, startMs };
    const admission = deps.admission();
    if (admission.kind !== "open") return replayOrRefuse(deps, work, refusalOf(admission));
    return isLimited
      ? sendWithin(work, request, rules, waited)
      : decideMessage(deps, work, request, rules, undefined);
  }

  /** By the limits of its account and key. */
  function sendWithin(
    work: Work,
    request: SendRequest,
    rules: Rules | undefined,
    waited: Taken | Over | undefined,
  ): Promise<SendSmsAnswer> {
    const { call } = work;
    const count = countDistinct(request.recipients);
    const mayWait = call.method === "SendSmsStream";
    if (waited === undefined && mayWait && limits.waiting(call) > 0) return sendInTurn(work, count);
    const go = (taken: Taken | Over) => {
      if (!("refusal" in taken)) return decideMessage(deps, work, request, rules, taken);
      if (taken.kind === "second" && mayWait) return sendInTurn(work, count);
      return replayOrRefuse(deps, work, taken.refusal);
    };
    const taking = waited ?? limits.take(call, count, call.together);
    return taking instanceof Promise ? taking.then(go) : go(taking);
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

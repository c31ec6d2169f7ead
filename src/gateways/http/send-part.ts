/** Makes the call for one part and says what became of it: what was never written, what is known, and what nobody knows (P12). */
import type { Clock } from "../../observability/clock.ts";
import { type BuildRequest, type BuiltRequest, compileRequest } from "../../providers/build-request.ts";
import { judgeAnswer, refusalOf, type Verdict } from "../../providers/judge-answer.ts";
import { valuesOf } from "../../providers/message-values.ts";
import type { PartResult, Submission } from "../gateway.ts";
import type { AccessTokens } from "./access-tokens.ts";
import type { Availability } from "./availability.ts";
import type { Call, CallEnd, CallOptions } from "./call.ts";
import { type CallbackSettings, callbackUrl } from "./callback-address.ts";
import type { ReferenceDesk } from "./reference-desk.ts";
import { readRetryAfter } from "./retry-after.ts";
import type { HttpGatewaySettings } from "./settings.ts";

export interface SendPartDeps {
  readonly settings: HttpGatewaySettings;
  readonly clock: Clock;
  readonly availability: Availability;
  /** Undefined where nobody can call back. */
  readonly callbacks: CallbackSettings | undefined;
  readonly references: ReferenceDesk;
  /** Undefined where the API wants none. */
  readonly tokens: AccessTokens | undefined;
  readonly call: (request: BuiltRequest, options: Omit<CallOptions, "clock">) => Call;
}

/** What a lane has to do with one of its calls. */
export interface PartCall {
  /** Whether the lane may still write, right now. */
  readonly mayWrite: () => boolean;
  /** Is told how the call is given up; what it answers ends that. */
  readonly watch: (abort: () => void) => () => void;
}

/** Never rejects. */
export type SendPart = (submission: Submission, number: number, part: PartCall) => Promise<PartResult>;

/** A shorter wait is left to the rate. */
const shortWaitMs = 2_000;
const accountHoldMs = 60_000;

/** Undefined where the lane gives up first: others may go on waiting for the same. */
async function unlessGivenUp<T>(promise: Promise<T>, { watch }: PartCall): Promise<T | undefined> {
  const givenUp = Promise.withResolvers<undefined>();
  const unwatch = watch(() => givenUp.resolve(undefined));
  try {
    return await Promise.race([promise, givenUp.promise]);
  } finally {
    unwatch();
  }
}

export function createSendPart(deps: SendPartDeps): SendPart {
  const { settings, clock, availability, tokens } = deps;
  const { provider } = settings;
  const build: BuildRequest = compileRequest(provider);
  const timeoutMs = settings.responseTimeoutMs + settings.ambiguityHoldMs;

  const callbacks = provider.receipts === "none" ? undefined : deps.callbacks;

  /** Ours for this handing over; callbacks come back with it. */
  const referenceOf = ({ deliveryId, attempt }: Submission, number: number) =>
    `${deliveryId}.${attempt}${number === 1 ? "" : `.${number}`}`;

  function requestFor(submission: Submission, number: number): BuiltRequest | undefined {
    const reference = referenceOf(submission, number);
    const facts = {
      ...submission,
      reference,
      callbackUrl: callbacks === undefined ? undefined : callbackUrl(callbacks, settings.id, reference),
      partNumber: number,
      nowMs: clock.now(),
    };
    return build(valuesOf(facts, provider, settings.account));
  }

  const unsent = (number: number, why: "no_session" | "expired"): PartResult => ({
    kind: "unsent",
    number,
    why,
    timeMs: clock.now(),
  });

  async function tokenFor(part: PartCall): Promise<string | undefined> {
    const taken = tokens?.take();
    if (typeof taken === "string") return taken;
    const outcome = taken && (await unlessGivenUp(taken, part));
    if (outcome === undefined) return undefined;
    if (outcome.kind === "token") return outcome.token;
    if (outcome.kind === "refused") availability.stop(outcome.reason);
    else availability.noteUnsent(outcome.reason);
    return undefined;
  }

  async function callOnce(
    submission: Submission,
    number: number,
    part: PartCall,
    token: string | undefined,
  ): Promise<PartResult | "renew"> {
    const request = requestFor(submission, number);
    if (request === undefined) return refuseLocally(number);
    const { headers } = request;
    let isExpired = false;
    const call = deps.call(
      token === undefined
        ? request
        : { ...request, headers: { ...headers, authorization: `Bearer ${token}` } },
      {
        obstacle() {
          isExpired = clock.now() >= submission.expireTimeMs;
          if (isExpired) return "its time is over";
          return part.mayWrite() ? undefined : "not ours to write";
        },
        timeoutMs,
      },
    );
    const unwatch = part.watch(call.abort);
    const end = await call.end;
    unwatch();
    if (end.kind === "unsent") {
      if (end.isConnectionsFault) availability.noteUnsent(end.reason);
      return unsent(number, isExpired ? "expired" : "no_session");
    }
    availability.noteWritten();
    if (end.kind !== "answered") return inDoubt(number, end.kind);
    return judge(end, submission, number, token);
  }

  function judge(
    end: Extract<CallEnd, { kind: "answered" }>,
    submission: Submission,
    number: number,
    token: string | undefined,
  ): PartResult | "renew" {
    const { status, body } = end;
    const retryMs = readRetryAfter(end.retryAfter, clock.now());
    const verdict = judgeAnswer(
      { status, body, saysWhen: retryMs !== undefined },
      provider.answer,
      submission.recipient,
    );
    const isTokenRefused = status === 401 && verdict.kind === "refused" && verdict.class === "credentials";
    if (isTokenRefused && token !== undefined) {
      tokens?.drop(token);
      return "renew";
    }
    heed(verdict, status, retryMs);
    const timeMs = clock.now();
    switch (verdict.kind) {
      case "accepted": {
        const { id } = verdict;
        // Whoever is called back at an address of its own knows the message by that.
        const matchKey = callbacks === undefined ? id : referenceOf(submission, number);
        return { kind: "accepted", number, smscMessageId: id ?? matchKey, matchKey, timeMs };
      }
      case "ambiguous":
        return inDoubt(number, "unanswered");
      case "refused": {
        const { code, blamesGateway } = verdict;
        const answer = { protocol: "http", status, code } as const;
        return { kind: "refused", number, refusal: refusalOf(verdict.class), answer, blamesGateway, timeMs };
      }
    }
  }

  /** What an answer says beyond the message that it is about. */
  function heed(verdict: Verdict, status: number, retryMs: number | undefined): void {
    if (verdict.kind === "ambiguous") return;
    if (verdict.kind === "accepted") {
      availability.noteTaken();
      return;
    }
    const named = `HTTP ${status}${verdict.code === undefined ? "" : `, code ${verdict.code}`}`;
    switch (verdict.class) {
      case "credentials":
        availability.stop(`the credentials are refused (${named})`);
        break;
      case "account":
        availability.hold(`the account is refused (${named})`, Math.max(retryMs ?? 0, accountHoldMs), true);
        break;
      case "throttled":
      case "temporary":
        if (retryMs !== undefined && retryMs > shortWaitMs) {
          availability.hold(`it asks to be called later (${named})`, retryMs, false);
        }
        break;
      case "recipient":
      case "route":
        availability.noteTaken();
        break;
    }
  }

  function inDoubt(number: number, why: "lost" | "unanswered"): PartResult {
    const misfortune = why === "lost" ? ({ kind: "lost" } as const) : undefined;
    return { kind: "ambiguous", number, misfortune, timeMs: clock.now() };
  }

  function refuseLocally(number: number): PartResult {
    const answer = { protocol: "http", status: 0, code: "UNSAYABLE" } as const;
    return { kind: "refused", number, refusal: "route", answer, timeMs: clock.now() };
  }

  async function send(submission: Submission, number: number, part: PartCall): Promise<PartResult> {
    for (let renewals = 0; ; renewals += 1) {
      const token = await tokenFor(part);
      if (tokens !== undefined && token === undefined) return unsent(number, "no_session");
      const result = await callOnce(submission, number, part, token);
      if (result !== "renew") return result;
      // The call was refused, so that nothing was sent: it is made once more with a new token.
      if (renewals === 0) continue;
      availability.stop("a new access token is refused (HTTP 401)");
      const answer = { protocol: "http", status: 401 } as const;
      return { kind: "refused", number, refusal: "account", answer, timeMs: clock.now() };
    }
  }

  if (callbacks === undefined) return send;
  return async (submission, number, part) => {
    const reference = referenceOf(submission, number);
    deps.references.begin(reference);
    return deps.references.end(reference, await send(submission, number, part));
  };
}

/**
 * What a request id stands for: the first answer to a request that is repeated, and what is stored of it. Refusals that depend on the state of
 * the service come after a look at it.
 */
import { SmsError } from "../../domain/errors.ts";
import type { MessageId } from "../../domain/ids.ts";
import type { Clock } from "../../observability/clock.ts";
import type { KnownRequest } from "../../store/accepting.ts";
import type { Store } from "../../store/store.ts";
import { refuseWhenAllFailed } from "./answer-after-gateway.ts";
import type { SubmissionWatches } from "./await-submission.ts";
import { readWholeStatus } from "./read-whole-status.ts";
import type { SendRequest, SendSmsInput } from "./request/send-request.ts";
import type { RequestHashes } from "./request-hash.ts";
import {
  answerOfStored,
  answerRecipients,
  isUndecided,
  type SendSmsAnswer,
  sumSegments,
  wasSubmitted,
} from "./send-answer.ts";
import type { SendSmsCall } from "./send-call.ts";

/** Most time that wait_for GATEWAY waits, and how long before the call's deadline it answers; milliseconds. */
const longestWaitMs = 30_000;
const answerBeforeDeadlineMs = 300;

export interface KnownRequestsDeps {
  readonly store: Pick<Store, "findRequest" | "readStatus">;
  readonly watches: SubmissionWatches;
  readonly clock: Pick<Clock, "now">;
  readonly requestHashes: RequestHashes;
  /** A repeated request got the first one's answer. */
  readonly onReplayed: () => void;
}

/** A request on its way through. */
export interface Work {
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
export async function replayOrRefuse(
  deps: KnownRequestsDeps,
  work: Work,
  refusal: SmsError,
): Promise<SendSmsAnswer> {
  const known = refusal.code === "SERVICE_UNAVAILABLE" ? undefined : await findKnown(deps, work);
  if (known === undefined) throw refusal;
  // What another request with a fault in its form stands for is that fault.
  if (work.parsed === undefined && !isSameRequest(deps, work, known)) throw refusal;
  return answerKnown(deps, work, known);
}

/** What its request id stands for; undefined where it has none or nothing is to be stored. */
export async function findKnown(
  { store }: KnownRequestsDeps,
  { input, call }: Pick<Work, "input" | "call">,
): Promise<KnownRequest | undefined> {
  if (input.canonical === "" || input.dryRun) return undefined;
  return store.findRequest(call.accountId, input.requestId);
}

/** The first answer to the same request, with the states of now; REQUEST_ID_REUSED for another one. */
export async function answerKnown(
  deps: KnownRequestsDeps,
  work: Work,
  known: KnownRequest,
): Promise<SendSmsAnswer> {
  const { input, call } = work;
  if (!isSameRequest(deps, work, known)) throw requestIdReused();
  deps.onReplayed();
  const { messageId } = known;
  if (input.waitFor !== "GATEWAY") return answerStored(deps, input, call, messageId, { replayed: true });
  await waitForStored(deps, call, messageId, waitMsOf(deps, work));
  return refuseWhenAllFailed(await answerStored(deps, input, call, messageId, { replayed: true }));
}

function isSameRequest(
  { requestHashes }: KnownRequestsDeps,
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

export async function answerStored(
  deps: KnownRequestsDeps,
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

export function waitMsOf({ clock }: KnownRequestsDeps, { call, startMs }: Work): number {
  return Math.min(call.deadlineMs - answerBeforeDeadlineMs, startMs + longestWaitMs) - clock.now();
}

/** A repeated request waits as the first one does, for what the store holds. */
async function waitForStored(
  deps: KnownRequestsDeps,
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

/**
 * Accepts many messages on one stream: requests are worked on side by side and answered in their order. At most 256 are unanswered, fewer
 * where they have many recipients (unanswered-requests.ts), and one while the process has more in hand than it should. Then reading pauses,
 * and by HTTP/2's flow control so does the caller.
 */
import type { FailureDeps } from "../../app/calls/failure.ts";
import type { Principal } from "../../app/calls/principal.ts";
import { createWaker } from "../../app/calls/waker.ts";
import type { WorkInHand } from "../../app/calls/work-in-hand.ts";
import type { SendSms } from "../../app/sending/send-sms.ts";
import { SmsError } from "../../domain/errors.ts";
import type { SendSmsStreamRequest, SendSmsStreamResponse } from "../../gen/smsrelay/v1/sms_service.ts";
import { refuseUnreadable } from "../calls/read-requests.ts";
import {
  type UnansweredOfStream,
  type UnansweredRequests,
  weightOf,
  weightOfViolations,
} from "../calls/unanswered-requests.ts";
import { answerMessage } from "./answer-message.ts";

export const maxUnanswered = 256;

export interface SendSmsStreamDeps extends FailureDeps {
  readonly sendSms: SendSms;
  readonly workInHand: Pick<WorkInHand, "enter" | "isTight">;
  /** Of all streams. */
  readonly unanswered: UnansweredRequests;
  /** Aborted when the service stops: what was read is answered, then the stream ends with SERVICE_UNAVAILABLE. */
  readonly stopping: AbortSignal;
}

export interface SendSmsStreamCall {
  readonly principal: Principal;
  /** Aborted when the caller goes away. */
  readonly signal: AbortSignal;
  /** After the last answer, before the call's status. */
  readonly onEnd: () => Promise<void> | undefined;
}

/** What an answer weighs, from its request on, and more once it is a refusal with violations. */
interface Load {
  weight: number;
  readonly of: UnansweredOfStream;
}

interface Answer {
  readonly load: Load;
  readonly response: Promise<SendSmsStreamResponse>;
}

/** The answers to a stream of requests. */
export async function* sendSmsStream(
  requests: AsyncIterable<SendSmsStreamRequest>,
  call: SendSmsStreamCall,
  deps: SendSmsStreamDeps,
): AsyncGenerator<SendSmsStreamResponse, void> {
  const { principal, signal, onEnd } = call;
  const { stopping } = deps;
  const answers: Answer[] = [];
  const changed = createWaker();
  const roomMade = createWaker();
  let hasEnded = false;
  let isCut = false;
  let fault: { readonly cause: unknown } | undefined;
  const unanswered = deps.unanswered.open(principal.accountId, roomMade.wake);
  const isFull = () =>
    answers.length >= maxUnanswered ||
    (answers.length > 0 && (unanswered.isFull || deps.workInHand.isTight()));

  async function read(): Promise<void> {
    try {
      for await (const request of requests) {
        if (hasEnded) return;
        if (stopping.aborted) {
          // This one was read and is not taken: the caller must not mistake the end for success.
          isCut = true;
          return;
        }
        const load: Load = { weight: weightOf(request.request), of: unanswered };
        unanswered.add(load.weight);
        answers.push({ load, response: answer(request, call, load, deps) });
        changed.wake();
        while (isFull() && !hasEnded) await roomMade.next();
      }
    } catch (cause) {
      fault = { cause };
    } finally {
      hasEnded = true;
      changed.wake();
    }
  }

  // A flag, since asking a signal that follows others costs a microsecond each time.
  let hasLeft = signal.aborted;
  const leave = () => {
    hasLeft = true;
    changed.wake();
  };
  stopping.addEventListener("abort", changed.wake);
  signal.addEventListener("abort", leave);
  try {
    void read();
    for (;;) {
      if (hasLeft) signal.throwIfAborted();
      const next = answers[0];
      if (next !== undefined) {
        // It counts as unanswered until the caller's side has taken it, which is when this generator goes on.
        yield await next.response;
        answers.shift();
        unanswered.remove(next.load.weight);
        roomMade.wake();
        continue;
      }
      if (fault !== undefined) throw fault.cause;
      if (hasEnded && !isCut) return;
      if (isCut || stopping.aborted) throw new SmsError("SERVICE_UNAVAILABLE");
      await changed.next();
    }
  } finally {
    hasEnded = true;
    unanswered.close();
    roomMade.wake();
    stopping.removeEventListener("abort", changed.wake);
    signal.removeEventListener("abort", leave);
    await onEnd();
  }
}

/** Never rejects: a refusal is an answer. */
async function answer(
  streamed: SendSmsStreamRequest,
  { principal: { accountId, keyLimits }, ...caller }: SendSmsStreamCall,
  load: Load,
  deps: SendSmsStreamDeps,
): Promise<SendSmsStreamResponse> {
  const { request } = streamed;
  const place = deps.workInHand.enter(request?.recipients.length ?? 0);
  try {
    const response = await answerMessage(
      request,
      { accountId, keyLimits, method: "SendSmsStream", caller, place },
      deps,
      () => refuseUnreadable(streamed),
    );
    if (response.outcome?.$case === "failure") {
      const more = weightOfViolations(response.outcome.value.violations.length);
      load.weight += more;
      load.of.add(more);
    }
    return response;
  } finally {
    place.leave();
  }
}

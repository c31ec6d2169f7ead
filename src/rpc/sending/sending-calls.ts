/** The calls of SmsService that send, or look at what sending would do. */
import type { FailureDeps } from "../../app/calls/failure.ts";
import type { Place, WorkInHand } from "../../app/calls/work-in-hand.ts";
import type { Sending } from "../../app/sending/create-sending.ts";
import type { SendSmsRequest } from "../../gen/smsrelay/v1/sms.ts";
import type { SmsServiceClient, SmsServiceImplementation } from "../../gen/smsrelay/v1/sms_service.ts";
import type { DataClock } from "../../observability/data-clock.ts";
import type { Guard } from "../calls/guard.ts";
import { callOf } from "../calls/guarded-call.ts";
import type { ScopesOf } from "../calls/scopes-of.ts";
import { UnansweredRequests } from "../calls/unanswered-requests.ts";
import type { WholeAnswers } from "../calls/wire-definition.ts";
import { sendSmsStream } from "./send-sms-stream.ts";
import { fromPreviewSmsRequest, toPreviewSmsResponse } from "./translate-plan.ts";
import { fromSendSmsRequest, toSendSmsResponse } from "./translate-send-sms.ts";

export interface SendingCallsDeps extends FailureDeps {
  readonly guard: Guard;
  readonly sending: Pick<Sending, "sendSms" | "previewSms">;
  readonly workInHand: Pick<WorkInHand, "enter" | "isTight">;
  /** Deadlines come by the machine's clock; the service goes by that of its store. */
  readonly clock: Pick<DataClock, "ofMachine">;
  /** Aborted when the service stops. */
  readonly stopping: AbortSignal;
}

export const sendingScopes = {
  sendSms: "SEND",
  sendSmsStream: "SEND",
  previewSms: "SEND",
} as const satisfies ScopesOf<SmsServiceClient>;

export function createSendingCalls(
  deps: SendingCallsDeps,
): Pick<WholeAnswers<SmsServiceImplementation, SmsServiceClient>, keyof typeof sendingScopes> {
  const { guard, clock } = deps;
  const { sendSms: send, previewSms: preview } = deps.sending;
  const streams = { ...deps, sendSms: send, unanswered: new UnansweredRequests() };
  const sendSms = guard.unary(async (request: SendSmsRequest, { accountId }, context) =>
    toSendSmsResponse(
      await send(fromSendSmsRequest(request), {
        accountId,
        method: "SendSms",
        deadlineMs: clock.ofMachine(callOf(request)?.deadlineMs ?? Number.POSITIVE_INFINITY),
        signal: context.signal,
        place: placeOf(request),
      }),
    ),
  );
  return {
    // Around the guard: a caller whom that turns away had a place too.
    async sendSms(request, context) {
      const place = placeOf(request);
      try {
        return await sendSms(request, context);
      } finally {
        place.leave();
      }
    },

    sendSmsStream: guard.stream((requests, principal, context) =>
      sendSmsStream(requests, { principal, signal: context.signal }, streams),
    ),

    previewSms: guard.unary(async (request, principal) =>
      toPreviewSmsResponse(await preview(fromPreviewSmsRequest(request), principal)),
    ),
  };
}

/** Where a request of SendSms stands among the work in hand: the door has given it a place. */
function placeOf(request: SendSmsRequest): Place {
  const place = callOf(request)?.place;
  if (place === undefined) throw new Error("a request came past the admission");
  return place;
}

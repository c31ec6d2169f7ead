/** The calls of SmsService that send, or look at what sending would do. */

import type { FailureDeps } from "../../app/calls/failure.ts";
import type { LimitFigures } from "../../app/calls/limiter.ts";
import type { Limited, Limits } from "../../app/calls/limits.ts";
import type { Place, WorkInHand } from "../../app/calls/work-in-hand.ts";
import type { Sending } from "../../app/sending/create-sending.ts";
import type { SmsServiceDefinition } from "../../gen/smsrelay/v1/sms_service.ts";
import type { DataClock } from "../../observability/data-clock.ts";
import type { CallContext, Handlers, ScopesOf } from "../calls/handlers.ts";
import { UnansweredRequests } from "../calls/unanswered-requests.ts";
import { admit } from "./admission.ts";
import { sendSmsBatch } from "./send-sms-batch.ts";
import { sendSmsStream } from "./send-sms-stream.ts";
import { fromPreviewSmsRequest, toPreviewSmsResponse } from "./translate-plan.ts";
import { fromSendSmsRequest, toSendSmsResponse } from "./translate-send-sms.ts";

export interface SendingCallsDeps extends FailureDeps {
  readonly sending: Pick<Sending, "sendSms" | "previewSms">;
  readonly workInHand: Pick<WorkInHand, "retryAfterMs" | "enter" | "isTight">;
  readonly accountLimits: Pick<Limits, "figures" | "knownFigures">;
  /** Deadlines come by the machine's clock; the service goes by that of its store. */
  readonly clock: Pick<DataClock, "ofMachine">;
  /** Aborted when the service stops. */
  readonly stopping: AbortSignal;
}

export const sendingScopes = {
  sendSms: "SEND",
  sendSmsStream: "SEND",
  sendSmsBatch: "SEND",
  previewSms: "SEND",
} as const satisfies ScopesOf<SmsServiceDefinition>;

export function createSendingCalls(
  deps: SendingCallsDeps,
): Pick<Handlers<SmsServiceDefinition>, keyof typeof sendingScopes> {
  const { clock, workInHand } = deps;
  const { sendSms: send, previewSms: preview } = deps.sending;
  const tell = (figures: LimitFigures | undefined, context: CallContext) => {
    if (figures !== undefined) context.trailer = toTrailer(figures);
  };
  const tellLimits = (who: Limited, context: CallContext) => {
    const figures = deps.accountLimits.figures(who);
    if (figures instanceof Promise) return figures.then((read) => tell(read, context));
    tell(figures, context);
    return undefined;
  };
  const tellKnownLimits = (who: Limited, context: CallContext) =>
    tell(deps.accountLimits.knownFigures(who), context);
  const streams = { ...deps, sendSms: send, unanswered: new UnansweredRequests() };
  return {
    async sendSms(request, principal, context) {
      const { accountId, keyLimits } = principal;
      let place: Place;
      try {
        place = admit(request, workInHand);
      } catch (refusal) {
        tellKnownLimits(principal, context);
        throw refusal;
      }
      try {
        const answer = await send(fromSendSmsRequest(request), {
          accountId,
          keyLimits,
          method: "SendSms",
          deadlineMs: clock.ofMachine(context.deadlineMs),
          caller: context,
          place,
        });
        return toSendSmsResponse(answer);
      } finally {
        place.leave();
        const telling = tellLimits(principal, context);
        if (telling !== undefined) await telling;
      }
    },

    sendSmsStream(requests, principal, context) {
      const onEnd = () => tellLimits(principal, context);
      return sendSmsStream(requests, { principal, signal: context.signal, onEnd }, streams);
    },

    async sendSmsBatch(request, principal, context) {
      try {
        return await sendSmsBatch(request, principal, streams);
      } catch (refusal) {
        // Nothing of the account was looked at.
        tellKnownLimits(principal, context);
        throw refusal;
      } finally {
        await tellLimits(principal, context);
      }
    },

    previewSms: async (request, principal) =>
      toPreviewSmsResponse(await preview(fromPreviewSmsRequest(request), principal)),
  };
}

/** How the tightest limit stands (draft-ietf-httpapi-ratelimit-headers-03, whose names gateways know). */
function toTrailer({ limit, remaining, resetMs }: LimitFigures): Readonly<Record<string, string>> {
  return {
    "ratelimit-limit": String(limit),
    "ratelimit-remaining": String(remaining),
    "ratelimit-reset": String(Math.ceil(resetMs / 1_000)),
  };
}

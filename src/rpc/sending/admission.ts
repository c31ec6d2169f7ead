/** Lets calls of SendSms in or refuses them at the door, where a refusal is cheapest, before anything of the request is looked at. */

import type { FailureDeps } from "../../app/calls/failure.ts";
import type { WorkInHand } from "../../app/calls/work-in-hand.ts";
import { SmsError } from "../../domain/errors.ts";
import { refusalOf } from "../calls/error-status.ts";
import type { Admit } from "../calls/guarded-call.ts";
import { fromLane } from "../translate/enums.ts";

export interface SendSmsAdmissionDeps extends FailureDeps {
  readonly workInHand: Pick<WorkInHand, "retryAfterMs" | "enter">;
}

const quota = { subject: "service", description: "More messages come in than can be stored." };

/** A request that is let in has a place, which its handler leaves. */
export function createSendSmsAdmission(deps: SendSmsAdmissionDeps): Admit {
  const { workInHand } = deps;
  return (request) => {
    const retryAfterMs = workInHand.retryAfterMs(fromLane(request.lane));
    if (retryAfterMs !== undefined)
      return refusalOf(new SmsError("OVERLOADED", undefined, { retryAfterMs, quota }), deps);
    return workInHand.enter(request.recipients.length);
  };
}

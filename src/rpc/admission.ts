/** Lets calls of SendSms in or refuses them at the door, where a refusal is cheapest, before anything of the request is looked at. */
import { Metadata, status } from "@grpc/grpc-js";
import type { Place, WorkInHand } from "../app/work-in-hand.ts";
import { SmsError } from "../domain/errors.ts";
import type { SendSmsRequest } from "../gen/sms/v1/sms_service.ts";
import { encodeStatus } from "./error-status.ts";
import { describeFailure, type FailureDeps } from "./failure.ts";
import type { Admit } from "./send-sms-call.ts";
import { fromLane } from "./translate/enums.ts";

export interface AdmissionDeps extends FailureDeps {
  readonly workInHand: Pick<WorkInHand, "retryAfterMs" | "enter">;
}

export interface SendSmsAdmission {
  readonly admit: Admit;
  /** The place of a request that was let in. */
  readonly placeOf: (request: SendSmsRequest) => Place;
}

export function createSendSmsAdmission(deps: AdmissionDeps): SendSmsAdmission {
  const { workInHand } = deps;
  const places = new WeakMap<SendSmsRequest, Place>();
  return {
    admit(request) {
      const retryAfterMs = workInHand.retryAfterMs(fromLane(request.lane));
      if (retryAfterMs !== undefined) return refuseOverload(retryAfterMs, deps);
      places.set(request, workInHand.enter(request.recipients.length));
      return undefined;
    },
    placeOf(request) {
      const place = places.get(request);
      if (place === undefined) throw new Error("a request came past the admission");
      return place;
    },
  };
}

function refuseOverload(retryAfterMs: number, deps: FailureDeps): ReturnType<Admit> {
  const quota = { subject: "service", description: "More messages come in than can be stored." };
  const failure = describeFailure(new SmsError("OVERLOADED", undefined, { retryAfterMs, quota }), deps);
  const metadata = new Metadata();
  const details = encodeStatus(failure, status.RESOURCE_EXHAUSTED);
  metadata.set("grpc-status-details-bin", Buffer.from(details.buffer, details.byteOffset, details.length));
  return { code: status.RESOURCE_EXHAUSTED, details: failure.text, metadata };
}

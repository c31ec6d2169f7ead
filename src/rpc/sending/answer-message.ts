/** The answer to one of many messages: its acceptance, or its refusal in band. */
import { status as Status } from "@grpc/grpc-js";
import { describeFailure, type Failure, type FailureDeps } from "../../app/calls/failure.ts";
import type { SendSmsCall } from "../../app/sending/send-call.ts";
import type { SendSms } from "../../app/sending/send-sms.ts";
import { refuseFields } from "../../domain/errors.ts";
import type { SendSmsRequest } from "../../gen/smsrelay/v1/sms.ts";
import type { SendSmsFailure, SendSmsStreamResponse } from "../../gen/smsrelay/v1/sms_service.ts";
import { toStatusCode } from "../translate/enums.ts";
import { toDuration } from "../translate/time.ts";
import { fromSendSmsRequest, toSendSmsResponse } from "./translate-send-sms.ts";

/** Never rejects. `check` may throw what is wrong with the request around the message. */
export async function answerMessage(
  request: SendSmsRequest | undefined,
  call: Pick<SendSmsCall, "accountId" | "keyLimits" | "method" | "caller" | "place" | "together">,
  deps: FailureDeps & { readonly sendSms: SendSms },
  check: () => void,
): Promise<SendSmsStreamResponse> {
  const requestId = request?.requestId ?? "";
  try {
    check();
    if (request === undefined)
      throw refuseFields([{ field: "request", reason: "PARAMETER_MISSING", description: "is required" }]);
    const answered = await deps.sendSms(fromSendSmsRequest(request), {
      ...call,
      deadlineMs: Number.POSITIVE_INFINITY,
    });
    return { requestId, outcome: { $case: "response", value: toSendSmsResponse(answered) } };
  } catch (thrown) {
    return { requestId, outcome: { $case: "failure", value: toFailure(describeFailure(thrown, deps)) } };
  }
}

function toFailure(failure: Failure): SendSmsFailure {
  return {
    statusCode: toStatusCode(failure.name),
    grpcCode: Status[failure.code.grpcCode],
    text: failure.text,
    violations: failure.violations.map((violation) => ({ ...violation })),
    violationCount: failure.violationCount,
    retryDelay: failure.retryAfterMs === undefined ? undefined : toDuration(failure.retryAfterMs),
    metadata: { ...failure.metadata },
  };
}

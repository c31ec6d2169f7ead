/**
 * Accepts many messages of one call, for callers without a stream: each on its own, an outcome for each in their order. They are taken in
 * as on a stream, some side by side, so that a large call takes no more of the process at once than a stream does.
 */
import type { FailureDeps } from "../../app/calls/failure.ts";
import type { Limited, Together } from "../../app/calls/limits.ts";
import { createWaker } from "../../app/calls/waker.ts";
import type { WorkInHand } from "../../app/calls/work-in-hand.ts";
import type { SendSms } from "../../app/sending/send-sms.ts";
import { type FieldViolation, refuseFields } from "../../domain/errors.ts";
import type { StatusCodeName } from "../../domain/status-code.ts";
import type {
  SendSmsBatchRequest,
  SendSmsBatchResponse,
  SendSmsStreamResponse,
} from "../../gen/smsrelay/v1/sms_service.ts";
import { admitAll } from "./admission.ts";
import { answerMessage } from "./answer-message.ts";

export const maxMessages = 1_000;
/** As much as a stream has unanswered. */
export const maxRecipientsOfBatch = 10_000;
const maxSideBySide = 256;
/** Of each message; a thousand answers with as many as a single one lists would be more than clients take. */
const maxViolations = 5;
/** With a slash and a place behind it, it is a request_id of at most 64 characters. */
const requestIdForm = /^[\x20-\x7e]{1,56}$/;

/** What was let in is sent, whether its caller has gone or not. */
const untold = { signal: new AbortController().signal };

export interface SendSmsBatchDeps extends FailureDeps {
  readonly sendSms: SendSms;
  readonly workInHand: Pick<WorkInHand, "retryAfterMs" | "enter" | "isTight">;
}

/** Throws SmsError where the call as a whole is refused; then nothing was stored. */
export async function sendSmsBatch(
  batch: SendSmsBatchRequest,
  { accountId, keyLimits }: Limited,
  deps: SendSmsBatchDeps,
): Promise<SendSmsBatchResponse> {
  const violations = faultsOf(batch);
  if (violations.length > 0) throw refuseFields(violations);
  const { requestId, requests } = batch;
  const { workInHand } = deps;
  admitAll(requests, workInHand);
  const outcomes: Promise<SendSmsStreamResponse>[] = [];
  const roomMade = createWaker();
  const together: Together = { hasPassed: false, refused: undefined };
  let inHand = 0;
  const isFull = () => inHand >= maxSideBySide || (inHand > 0 && workInHand.isTight());
  for (const [index, request] of requests.entries()) {
    while (isFull()) await roomMade.next();
    const place = workInHand.enter(request.recipients.length);
    const message = { ...request, requestId: `${requestId}/${index}` };
    inHand += 1;
    const call = { accountId, keyLimits, method: "SendSmsBatch", caller: untold, place, together } as const;
    const outcome = answerMessage(message, call, deps, () => {});
    outcomes.push(
      outcome.then((ended) => {
        place.leave();
        inHand -= 1;
        roomMade.wake();
        return shortened(ended);
      }),
    );
  }
  return { outcomes: await Promise.all(outcomes) };
}

function shortened(answer: SendSmsStreamResponse): SendSmsStreamResponse {
  const { outcome } = answer;
  if (outcome?.$case !== "failure") return answer;
  const violations = outcome.value.violations.slice(0, maxViolations);
  return { ...answer, outcome: { $case: "failure", value: { ...outcome.value, violations } } };
}

/** What is wrong with the call, beside what may be wrong with each message. */
function faultsOf({ requestId, requests }: SendSmsBatchRequest): readonly FieldViolation[] {
  const violations: FieldViolation[] = [];
  const refuse = (field: string, reason: StatusCodeName, description: string) => {
    violations.push({ field, reason, description });
  };
  if (requestId === "") refuse("request_id", "PARAMETER_MISSING", "is required");
  else if (!requestIdForm.test(requestId))
    refuse("request_id", "INVALID_PARAMETER", "must be 1 to 56 printable ASCII characters");
  if (requests.length === 0) refuse("requests", "PARAMETER_MISSING", "is required");
  if (requests.length > maxMessages)
    refuse("requests", "THROTTLING_TOO_MANY_RECIPIENTS", `must be at most ${maxMessages} messages`);
  let recipientCount = 0;
  for (const [index, request] of requests.entries()) {
    recipientCount += request.recipients.length;
    if (request.requestId !== "")
      refuse(
        `requests[${index}].request_id`,
        "INVALID_PARAMETER",
        "must be empty: the request_id of the call and the place of the message stand for it",
      );
  }
  if (recipientCount > maxRecipientsOfBatch)
    refuse(
      "requests",
      "THROTTLING_TOO_MANY_RECIPIENTS",
      `must have at most ${maxRecipientsOfBatch} recipients in all`,
    );
  return violations;
}

/**
 * The answers to calls that waited for gateways. Once the message is stored, only an answer will do: an error would make a caller without a
 * request_id send it again. What cannot be read in time is answered as it was accepted.
 */
import { SmsError } from "../../domain/errors.ts";
import type { Clock } from "../../observability/clock.ts";
import type { SendSmsAnswer } from "./send-answer.ts";

/** How long before the call's deadline to answer in any case, and how long to read at most where that is far; milliseconds. */
const answerBeforeDeadlineMs = 100;
const mostReadMs = 2_000;

/** The answer; where every delivery ended REJECTED, 5001 with the id of the message. */
export function refuseWhenAllFailed(answer: SendSmsAnswer): SendSmsAnswer {
  const states = answer.recipients.filter((recipient) => recipient.deliveryId !== undefined);
  if (states.some((recipient) => recipient.state !== "REJECTED")) return answer;
  throw new SmsError("ALL_GATEWAYS_FAILED", undefined, { metadata: { message_id: answer.messageId ?? "" } });
}

/** What `read` answers, or `accepted` where that fails or takes too long. Rejects with 5001 alone. */
export async function answerInAnyCase(
  read: () => Promise<SendSmsAnswer>,
  accepted: () => SendSmsAnswer,
  { clock, deadlineMs }: { readonly clock: Pick<Clock, "now" | "setTimeout">; readonly deadlineMs: number },
): Promise<SendSmsAnswer> {
  const leftMs = Math.min(deadlineMs - answerBeforeDeadlineMs - clock.now(), mostReadMs);
  if (leftMs <= 0) return accepted();
  const { promise: isOver, resolve } = Promise.withResolvers<undefined>();
  const timer = clock.setTimeout(() => resolve(undefined), leftMs);
  try {
    const answer = await Promise.race([read(), isOver]).catch(() => undefined);
    return answer === undefined ? accepted() : refuseWhenAllFailed(answer);
  } finally {
    timer.cancel();
  }
}

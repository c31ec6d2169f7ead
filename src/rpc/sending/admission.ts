/** Lets requests of SendSms in or refuses them before anything of them is looked at: a refusal has to cost less than accepting does. */
import type { Place, WorkInHand } from "../../app/calls/work-in-hand.ts";
import { SmsError } from "../../domain/errors.ts";
import type { SendSmsRequest } from "../../gen/smsrelay/v1/sms.ts";
import { fromLane } from "../translate/enums.ts";

const quota = { subject: "service", description: "More messages come in than can be stored." };

/** The place of a request that is let in; throws where there is no room. */
export function admit(
  { lane, recipients }: SendSmsRequest,
  workInHand: Pick<WorkInHand, "retryAfterMs" | "enter">,
): Place {
  const retryAfterMs = workInHand.retryAfterMs(fromLane(lane));
  if (retryAfterMs !== undefined) throw new SmsError("OVERLOADED", undefined, { retryAfterMs, quota });
  return workInHand.enter(recipients.length);
}

/** Lets many in or throws, as the one of them that is refused first; they enter one by one. */
export function admitAll(
  requests: readonly Pick<SendSmsRequest, "lane">[],
  workInHand: Pick<WorkInHand, "retryAfterMs">,
): void {
  for (const lane of new Set(requests.map((request) => fromLane(request.lane)))) {
    const retryAfterMs = workInHand.retryAfterMs(lane);
    if (retryAfterMs !== undefined) throw new SmsError("OVERLOADED", undefined, { retryAfterMs, quota });
  }
}

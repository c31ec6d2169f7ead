/** Cancels the deliveries of a message that are not on their way yet. */
import { SmsError } from "../../domain/errors.ts";
import type { AccountId } from "../../domain/ids.ts";
import type { Clock } from "../../observability/clock.ts";
import type { CancelOutcome } from "../../store/settling.ts";
import type { Store } from "../../store/store.ts";
import { requireMessageId } from "../calls/required-fields.ts";

export interface CancelSmsDeps {
  readonly store: Pick<Store, "cancel">;
  readonly clock: Pick<Clock, "now">;
}

export type CancelSms = (messageId: string, accountId: AccountId) => Promise<readonly CancelOutcome[]>;

/** Makes the use case. NOT_CANCELLABLE only when it is too late for every delivery; a repeated call answers as the first did. */
export function createCancelSms({ store, clock }: CancelSmsDeps): CancelSms {
  return async (messageId, accountId) => {
    const id = requireMessageId(messageId);
    const outcomes = await store.cancel(accountId, id, clock.now());
    if (outcomes === undefined) throw new SmsError("UNKNOWN_MESSAGE");
    if (outcomes.every((outcome) => outcome.result === "TOO_LATE")) throw new SmsError("NOT_CANCELLABLE");
    return outcomes;
  };
}

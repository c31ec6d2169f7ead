/**
 * How many streamed requests are unanswered or have answers that nobody has read, weighed by recipients: by stream and over all streams of
 * an account. A stream without any may always read one, so that each goes on.
 */
import type { AccountId } from "../../domain/ids.ts";
import type { SendSmsRequest } from "../../gen/smsrelay/v1/sms.ts";

/** Of one stream: ten requests of the largest size, several commits ahead. */
export const maxRecipientsOfStream = 10_000;
/** Over the streams of one account. */
export const maxRecipientsOfAccount = 100_000;

/** What an answer repeats of its request, in characters for each recipient; twice what a number takes. */
const lettersOfRecipient = 32;
/** A violation takes as much of an answer as so many recipients. */
const recipientsOfViolation = 2;

/** In recipients: their number, or more where the texts that an answer repeats are longer than numbers are. */
export function weightOf(request: SendSmsRequest | undefined): number {
  if (request === undefined) return 1;
  const { recipients, requestId } = request;
  let letters = requestId.length;
  for (const recipient of recipients) letters += recipient.length;
  return Math.max(1, recipients.length, Math.ceil(letters / lettersOfRecipient));
}

/** What the violations of a refusal weigh beside it. */
export function weightOfViolations(count: number): number {
  return count * recipientsOfViolation;
}

interface Held {
  recipients: number;
  readonly waiting: Set<() => void>;
}

export class UnansweredRequests {
  readonly #byAccount = new Map<AccountId, Held>();

  /** What one stream of an account holds; `onRoom` is called when another stream of the account has made room. */
  open(accountId: AccountId, onRoom: () => void): UnansweredOfStream {
    const held = this.#byAccount.get(accountId) ?? { recipients: 0, waiting: new Set() };
    this.#byAccount.set(accountId, held);
    held.waiting.add(onRoom);
    return new UnansweredOfStream(held, () => {
      held.waiting.delete(onRoom);
      if (held.waiting.size === 0) this.#byAccount.delete(accountId);
    });
  }
}

export class UnansweredOfStream {
  readonly #held: Held;
  readonly #onClose: () => void;
  #recipients = 0;
  #isClosed = false;

  constructor(held: Held, onClose: () => void) {
    this.#held = held;
    this.#onClose = onClose;
  }

  /** Nothing is held for a stream that is over. */
  add(recipients: number): void {
    if (this.#isClosed) return;
    this.#recipients += recipients;
    this.#held.recipients += recipients;
  }

  remove(recipients: number): void {
    if (this.#isClosed) return;
    this.#recipients -= recipients;
    const wasFull = this.#held.recipients >= maxRecipientsOfAccount;
    this.#held.recipients -= recipients;
    if (wasFull) for (const wake of this.#held.waiting) wake();
  }

  /** Whether reading pauses, where the stream holds anything itself. */
  get isFull(): boolean {
    return this.#recipients >= maxRecipientsOfStream || this.#held.recipients >= maxRecipientsOfAccount;
  }

  close(): void {
    this.remove(this.#recipients);
    this.#isClosed = true;
    this.#onClose();
  }
}

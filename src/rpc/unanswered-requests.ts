/**
 * How much of streamed requests is unanswered or has answers that nobody has read, weighed by recipients: by stream and over all streams of
 * an account. A stream without any may always read one, so that each goes on.
 */
import type { AccountId } from "../domain/ids.ts";

/** Of one stream: ten requests of the largest size, several commits ahead. */
export const maxRecipientsOfStream = 10_000;
/** Over the streams of one account. */
export const maxRecipientsOfAccount = 100_000;

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

  constructor(held: Held, onClose: () => void) {
    this.#held = held;
    this.#onClose = onClose;
  }

  add(recipients: number): void {
    this.#recipients += recipients;
    this.#held.recipients += recipients;
  }

  remove(recipients: number): void {
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
    this.#onClose();
  }
}

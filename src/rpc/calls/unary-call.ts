/** A call with one request and one answer. */
import type { SmsError } from "../../domain/errors.ts";
import { GuardedCall, OK } from "./guarded-call.ts";
import { refuseUnreadable } from "./read-requests.ts";

/** A key that was looked at so long ago counts: within the second in which a revoked one is refused everywhere. */
const trustMs = 1_000;

export class UnaryCall extends GuardedCall {
  /** Made for those who ask: nearly no handler does. */
  #goes: AbortController | undefined = undefined;
  #isGone = false;
  #isSettled = false;

  get signal(): AbortSignal {
    this.#goes ??= new AbortController();
    if (this.#isGone) this.#goes.abort();
    return this.#goes.signal;
  }

  protected override handle(request: object): void {
    if (this.door.now() - this.sinceMs > trustMs) void this.#handleLate(request);
    else this.#handleNow(request);
  }

  /** Its request took its time, and its key may have been revoked since it was shown. */
  async #handleLate(request: object): Promise<void> {
    try {
      const refusal = await this.#whyEnded();
      if (refusal !== undefined) throw refusal;
    } catch (thrown) {
      this.#fail(thrown);
      return;
    }
    if (!this.isOver) this.#handleNow(request);
  }

  #whyEnded(): SmsError | undefined | Promise<SmsError | undefined> {
    const letIn = this.letIn;
    return letIn === undefined ? undefined : this.door.whyEnded(letIn);
  }

  #handleNow(request: object): void {
    try {
      refuseUnreadable(request);
      const answer = this.callHandler(request) as Promise<object>;
      answer.then(this.#answer, this.#fail);
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  readonly #answer = (answer: object): void => {
    this.#isSettled = true;
    const { share } = this;
    if (share === undefined || this.isOver) return;
    if (this.method.isRead && share.unreadOctets >= share.bounds.maxUnreadOctets) {
      const refusal = this.door.refuse(share, "Too many answers are unread.");
      this.tellRefused(refusal);
      this.call.sendStatus(refusal);
      return;
    }
    // The status waits for the answer to be taken, so that what nobody reads stays a call.
    this.call.sendMessage(answer, () => this.call.sendStatus(this.withTrailer(OK)));
    this.countUnread(share);
  };

  readonly #fail = (thrown: unknown): void => {
    this.#isSettled = true;
    const ending = this.door.statusOf(thrown);
    this.tellRefused(ending);
    this.call.sendStatus(this.withTrailer(ending));
  };

  protected override end(): void {
    this.#isGone = !this.#isSettled;
    if (this.#isGone) this.#goes?.abort();
  }
}

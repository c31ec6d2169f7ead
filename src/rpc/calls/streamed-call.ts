/**
 * A call with streamed answers, to one request or to streamed ones. The handler makes one answer ahead of those that the peer has room
 * for. Whether the key is still admitted is looked at again and again, whether anything passes or not.
 */
import { createWaker } from "../../app/calls/waker.ts";
import type { SmsError } from "../../domain/errors.ts";
import { type EndStatus, GuardedCall, OK } from "./guarded-call.ts";
import { refuseUnreadable } from "./read-requests.ts";
import { StreamedRequests } from "./streamed-requests.ts";

/** Small answers leave together. One of a reader of large reports may have 5 MiB, and goes alone. */
const mostAnswersOnTheWay = 16;
const mostOctetsOnTheWay = 16 * 1024;

export class StreamedCall extends GuardedCall {
  readonly #ending = new AbortController();
  readonly #changed = createWaker();
  #requests: StreamedRequests | undefined = undefined;
  /** Answers that the peer has not taken. */
  #onTheWay = 0;
  #refusal: SmsError | undefined = undefined;
  #isGone = false;
  #isAnswered = false;

  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  protected override get isAnswered(): boolean {
    return this.#isAnswered;
  }

  protected override begin(): void {
    if (this.method.isRequestStream) {
      this.#requests = new StreamedRequests(() => this.call.startRead());
      this.handle(this.#requests);
    } else super.begin();
  }

  protected override take(request: object | undefined): void {
    if (request === undefined) this.#requests?.end();
    else this.#requests?.put(request);
  }

  protected override handle(request: object): void {
    void this.#respond(request);
  }

  async #respond(request: object): Promise<void> {
    const watch = this.#watchKey();
    let status: EndStatus = OK;
    try {
      refuseUnreadable(request);
      const answers = this.callHandler(request) as AsyncIterable<object>;
      for await (const answer of answers) {
        while (this.#isFull() && !this.#isCut()) await this.#changed.next();
        if (this.#isCut()) break;
        this.#onTheWay += 1;
        this.call.sendMessage(answer, this.#onTaken);
      }
      if (this.#refusal !== undefined) throw this.#refusal;
    } catch (thrown) {
      const ending = this.door.statusOf(this.#refusal ?? thrown);
      this.tellRefused(ending);
      status = ending;
    } finally {
      watch?.cancel();
    }
    this.#isAnswered = true;
    // What nobody reads stays a call.
    while (this.#onTheWay > 0 && !this.#isClosed()) await this.#changed.next();
    if (!this.#isClosed()) this.call.sendStatus(this.withTrailer(status));
  }

  readonly #onTaken = (): void => {
    this.#onTheWay -= 1;
    this.#changed.wake();
  };

  #isFull(): boolean {
    if (this.#onTheWay === 0) return false;
    const octets = this.reached?.stream.writableLength ?? mostOctetsOnTheWay;
    return octets >= mostOctetsOnTheWay || this.#onTheWay >= mostAnswersOnTheWay;
  }

  /** Also by its deadline, which sends its status while answers are still on the way. */
  #isClosed(): boolean {
    return this.#isGone || this.reached?.stream.writableEnded === true;
  }

  #isCut(): boolean {
    return this.#isClosed() || this.#refusal !== undefined;
  }

  #watchKey() {
    const letIn = this.letIn;
    if (letIn === undefined) return undefined;
    return this.door.watchKey(letIn, (refusal) => {
      this.#refusal = refusal;
      this.#ending.abort(refusal);
      this.#changed.wake();
    });
  }

  protected override end(): void {
    this.#isGone = true;
    this.#requests?.end();
    if (!this.#isAnswered) this.#ending.abort();
    this.#changed.wake();
  }
}
